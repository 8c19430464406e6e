// TEST ONLY: an addon without imports of its own that loads libraries as an unprotected program does.
#include <windows.h>

#include <napi.h>

#include <string>

namespace {

// loadLibrary(name): with the whole search order of Windows. 0 or the Windows error.
Napi::Value LoadByName(const Napi::CallbackInfo& info) {
  const std::u16string name = info[0].As<Napi::String>().Utf16Value();
  const HMODULE library = ::LoadLibraryW(std::wstring(name.begin(), name.end()).c_str());
  return Napi::Number::New(info.Env(), library == nullptr ? ::GetLastError() : 0);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("loadLibrary", Napi::Function::New<LoadByName>(env));
  return exports;
}

NODE_API_MODULE(plain_loader, Init)

}  // namespace
