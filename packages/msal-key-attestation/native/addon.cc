// The exports. Keys come in by name: no handle, pointer or integer that stands for one.
#include "attestation_library.h"  // <windows.h> before <napi.h>

#include <napi.h>

#include <utility>

#include <async_task.h>
#include <guarded.h>

#include "log_relay.h"
#include "marshal.h"

namespace msal_mi {
namespace {

// Keeps this addon in memory until the process ends: a thread of the library may call its log callback after the
// worker that attested is gone.
void PinModule() noexcept {
  HMODULE self = nullptr;
  ::GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                       reinterpret_cast<LPCWSTR>(&PinModule), &self);
}

// Failures are part of the outcome, so that the last log lines are delivered before it.
template <typename Work>
std::optional<Win32Error> FailureOf(Work work) {
  try {
    work();
    return std::nullopt;
  } catch (...) {
    return CurrentFailure();
  }
}

Napi::Value OpenLibraryAsync(const Napi::CallbackInfo& info) {
  return RunAsync(
      info.Env(),
      [request = ReadLibraryRequest(info[0])] {
        LibraryOutcome outcome;
        outcome.failed_call = FailureOf([&] { OpenLibrary(request, outcome.signature); });
        return outcome;
      },
      [](Napi::Env env, LibraryOutcome&& outcome) { return ToJs(env, outcome); });
}

Napi::Value AttestAsync(const Napi::CallbackInfo& info) {
  AttestationRequest request = ReadAttestationRequest(info[0]);
  const std::shared_ptr<LogRelay> log = LogRelay::Open(info.Env(), ReadFunction(info[1], "onLogLine"));
  return RunAsync(
      info.Env(),
      [request = std::move(request), log] {
        AttestationOutcome outcome;
        outcome.failed_call = FailureOf([&] { outcome.token = AttestKey(request, log); });
        return outcome;
      },
      [log](Napi::Env env, AttestationOutcome&& outcome) {
        log->Close(env);
        return ToJs(env, outcome);
      });
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  PinModule();
  exports.Set("openLibrary", Napi::Function::New<Guarded<OpenLibraryAsync>>(env, "openLibrary"));
  exports.Set("attest", Napi::Function::New<Guarded<AttestAsync>>(env, "attest"));
  return exports;
}

}  // namespace
}  // namespace msal_mi

// Outside of every namespace: MSVC exports nothing from an unnamed one.
static Napi::Object InitMsalKeyAttestation(Napi::Env env, Napi::Object exports) { return msal_mi::Init(env, exports); }
NODE_API_MODULE(msal_key_attestation, InitMsalKeyAttestation)
