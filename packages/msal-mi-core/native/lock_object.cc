#include "lock_object.h"

#include <utility>

#include <async_task.h>

#include "construct.h"
#include "marshal.h"

namespace msal_mi {
namespace {

class LockObject final : public Napi::ObjectWrap<LockObject> {
 public:
  using State = std::shared_ptr<NamedMutex>;

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Lock", {InstanceMethod<&LockObject::Release>("release")});
  }

  explicit LockObject(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<LockObject>(info), mutex_(TakeState<State>(info)) {}
  // A lock that JavaScript forgot must not stay held.
  ~LockObject() override {
    if (mutex_) mutex_->Release();
  }

 private:
  void Release(const Napi::CallbackInfo&) { mutex_->Release(); }

  State mutex_;
};

// Told on the mutex' own thread.
void Settle(const std::shared_ptr<JsThread>& js_thread, std::uint64_t id, LockOutcome outcome, const char* api,
            std::uint32_t status) {
  js_thread->Post([=](Napi::Env env, Environment& environment) {
    const auto found = environment.locks.find(id);
    if (found == environment.locks.end()) return;
    const Napi::Promise::Deferred deferred = found->second;
    environment.locks.erase(found);
    environment.js_thread()->Unhold(env);
    if (api == nullptr) {
      deferred.Resolve(ToJs(env, outcome));
    } else {
      deferred.Reject(ToJsError(env, api, status).Value());
    }
  });
}

}  // namespace

void DefineLockClass(Napi::Env env, Environment& environment) {
  environment.lock_class = Napi::Persistent(LockObject::Define(env));
}

Napi::Value AcquireLock(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::u16string name = ReadString(info[0], "name");
  const std::uint32_t timeout_ms = ReadUint32(info[1], "timeoutMs");
  if (name.empty() || name.find(u'\\') != std::u16string::npos) {
    throw Napi::TypeError::New(env, "name must not be empty and must not contain a backslash");
  }
  Environment& environment = Environment::Of(env);
  const std::uint64_t id = environment.NextId();
  std::shared_ptr<NamedMutex> mutex;
  try {
    mutex = NamedMutex::Acquire(
        std::move(name), timeout_ms,
        [js_thread = environment.js_thread(), id](LockOutcome outcome, const char* api, std::uint32_t status) {
          Settle(js_thread, id, outcome, api, status);
        });
  } catch (const Win32Error& error) {
    throw ToJsError(env, error.api(), error.status());
  }
  environment.js_thread()->Hold(env);
  const auto deferred = environment.locks.emplace(id, Napi::Promise::Deferred::New(env)).first->second;
  const Napi::Object lock = Construct(environment.lock_class, std::move(mutex)).As<Napi::Object>();
  lock.Set("settled", deferred.Promise());
  return lock;
}

}  // namespace msal_mi
