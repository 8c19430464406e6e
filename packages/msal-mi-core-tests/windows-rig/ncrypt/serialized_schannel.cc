#define SECURITY_WIN32
#include "serialized_schannel.h"

#include <windows.h>
// windows before its parts
#include <security.h>

#include <mutex>

#include "export_patch.h"

namespace keyguard_sim {
namespace {

std::mutex& TableLock() {
  static auto* const lock = new std::mutex;  // never destroyed: winhttp's threads outlive static destructors
  return *lock;
}

// kId tells functions of the same type apart.
template <int kId, typename Function>
struct Serialized;

template <int kId, typename Result, typename... Arguments>
struct Serialized<kId, Result(SEC_ENTRY*)(Arguments...)> {
  static inline Result(SEC_ENTRY* real)(Arguments...) = nullptr;

  static Result SEC_ENTRY Call(Arguments... arguments) {
    const std::lock_guard<std::mutex> lock(TableLock());
    return real(arguments...);
  }

  static bool Install(HMODULE secur32, HMODULE winhttp, const char* name) {
    void* const original = reinterpret_cast<void*>(::GetProcAddress(secur32, name));
    if (original == nullptr) return false;
    real = reinterpret_cast<decltype(real)>(original);
    void* const patched = PatchExport(secur32, name, reinterpret_cast<void*>(&Call));
    if (patched == nullptr) return false;
    PatchPointers(winhttp, original, patched);  // where winhttp looked it up already
    return true;
  }
};

#define RIG_SERIALIZE(function) Serialized<__COUNTER__, decltype(&::function)>::Install(secur32, winhttp, #function)

}  // namespace

bool SerializeSchannel() {
  const HMODULE secur32 = SystemLibrary(L"secur32.dll");
  const HMODULE winhttp = SystemLibrary(L"winhttp.dll");
  if (secur32 == nullptr || winhttp == nullptr) return false;
  // What winhttp uses of Schannel.
  return RIG_SERIALIZE(AcquireCredentialsHandleW) && RIG_SERIALIZE(FreeCredentialsHandle) &&
         RIG_SERIALIZE(InitializeSecurityContextW) && RIG_SERIALIZE(DeleteSecurityContext) &&
         RIG_SERIALIZE(QueryContextAttributesW) && RIG_SERIALIZE(EncryptMessage) && RIG_SERIALIZE(DecryptMessage);
}

}  // namespace keyguard_sim
