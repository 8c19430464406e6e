// The boundary between C++ and JavaScript: whatever is thrown behind it becomes a JavaScript error with `api` and
// `status`.
#pragma once

#include <napi.h>

#include "win32_error.h"

namespace msal_mi {

// What TypeScript turns into an error code: { api, status } on an Error whose message names the function only.
inline Napi::Error ToJsError(Napi::Env env, const char* api, std::uint32_t status) {
  Napi::Error error = Napi::Error::New(env, api);
  error.Set("api", Napi::String::New(env, api));
  error.Set("status", Napi::Number::New(env, status));
  return error;
}

// `work()` on the JavaScript thread. Throws Napi::Error and nothing else.
template <typename Work>
auto Guard(Napi::Env env, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    const Win32Error error = CurrentFailure();
    throw ToJsError(env, error.api(), error.status());
  }
}

// An exported function.
template <Napi::Value (*Function)(const Napi::CallbackInfo&)>
Napi::Value Guarded(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] { return Function(info); });
}

}  // namespace msal_mi
