// The exports. Keys come in by name and certificates as bytes: no handle, pointer or integer that stands for one.
#include <napi.h>

#include <memory>
#include <utility>

#include <async_task.h>

#include "environment.h"
#include "http_objects.h"
#include "lock_object.h"
#include "marshal.h"
#include "win32/pin_module.h"

namespace msal_mi {
namespace {

template <typename Result>
Napi::Value Marshal(Napi::Env env, Result&& result) {
  return ToJs(env, result);
}

Napi::Value ProbeKeyAsync(const Napi::CallbackInfo& info) {
  return RunAsync(info.Env(), [key = ReadNamedKey(info[0])] { return ProbeKey(key); }, Marshal<KeyProbe>);
}

Napi::Value CreateIsolatedKeyAsync(const Napi::CallbackInfo& info) {
  return RunAsync(
      info.Env(),
      [key = ReadNamedKey(info[0]), bits = ReadUint32(info[1], "bits")] { return CreateIsolatedKey(key, bits); },
      Marshal<KeyProbe>);
}

Napi::Value SupportsIsolatedKeysAsync(const Napi::CallbackInfo& info) {
  return RunAsync(
      info.Env(), [key = ReadNamedKey(info[0])] { return SupportsIsolatedKeys(key); },
      [](Napi::Env env, bool&& supported) -> Napi::Value { return Napi::Boolean::New(env, supported); });
}

Napi::Value SignPssSha256Async(const Napi::CallbackInfo& info) {
  constexpr std::size_t kSha256Bytes = 32;
  return RunAsync(
      info.Env(),
      [key = ReadNamedKey(info[0]), expected = ReadPublicKey(info[1]),
       digest = ReadBytes(info[2], "digest", kSha256Bytes)] { return SignPssSha256(key, expected, digest); },
      Marshal<Bytes>);
}

Napi::Value ListCertificatesAsync(const Napi::CallbackInfo& info) {
  return RunAsync(
      info.Env(), [prefix = ReadString(info[0], "prefix")] { return ListCertificates(prefix); },
      Marshal<std::vector<StoreEntry>>);
}

Napi::Value AddCertificateAsync(const Napi::CallbackInfo& info) {
  return RunAsync(info.Env(), [certificate = ReadBytes(info[0], "certificate", kMostCertificateBytes),
                               friendly_name = ReadString(info[1], "friendlyName"),
                               key = ReadNamedKey(info[2])] { AddCertificate(certificate, friendly_name, key); });
}

Napi::Value DeleteCertificatesAsync(const Napi::CallbackInfo& info) {
  std::u16string prefix = ReadString(info[0], "prefix");
  // The store is everybody's: without a prefix any certificate in it could be named.
  if (prefix.empty()) throw Napi::TypeError::New(info.Env(), "prefix must not be empty");
  return RunAsync(
      info.Env(),
      [prefix = std::move(prefix), certificates = ReadCertificates(info[1])] {
        return DeleteCertificates(prefix, certificates);
      },
      [](Napi::Env env, std::uint32_t&& deleted) -> Napi::Value { return Napi::Number::New(env, deleted); });
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  PinModule();
  auto owned = std::make_unique<Environment>(env);
  env.SetInstanceData(owned.get());
  Environment& environment = *owned.release();  // deleted with the Node environment
  DefineHttpClasses(env, environment);
  DefineLockClass(env, environment);

  exports.Set("probeKey", Napi::Function::New<Guarded<ProbeKeyAsync>>(env, "probeKey"));
  exports.Set("createIsolatedKey", Napi::Function::New<Guarded<CreateIsolatedKeyAsync>>(env, "createIsolatedKey"));
  exports.Set("supportsIsolatedKeys",
              Napi::Function::New<Guarded<SupportsIsolatedKeysAsync>>(env, "supportsIsolatedKeys"));
  exports.Set("signPssSha256", Napi::Function::New<Guarded<SignPssSha256Async>>(env, "signPssSha256"));
  exports.Set("listCertificates", Napi::Function::New<Guarded<ListCertificatesAsync>>(env, "listCertificates"));
  exports.Set("addCertificate", Napi::Function::New<Guarded<AddCertificateAsync>>(env, "addCertificate"));
  exports.Set("deleteCertificates", Napi::Function::New<Guarded<DeleteCertificatesAsync>>(env, "deleteCertificates"));
  exports.Set("acquireLock", Napi::Function::New<Guarded<AcquireLock>>(env, "acquireLock"));
  exports.Set("openSession", Napi::Function::New<Guarded<OpenSession>>(env, "openSession"));
  return exports;
}

}  // namespace
}  // namespace msal_mi

// Outside of every namespace: MSVC exports nothing from an unnamed one.
static Napi::Object InitMsalMiCore(Napi::Env env, Napi::Object exports) { return msal_mi::Init(env, exports); }
NODE_API_MODULE(msal_mi_core, InitMsalMiCore)
