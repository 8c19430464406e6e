#include "lock_object.h"

#include <utility>

#include <guarded.h>

#include "construct.h"
#include "marshal.h"

namespace msal_mi {
namespace {

class LockObject final : public Napi::ObjectWrap<LockObject> {
 public:
  struct State {
    std::shared_ptr<FileLock> file;
    std::shared_ptr<bool> is_released;  // by JavaScript, and only read on its thread
  };

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Lock", {InstanceMethod<&LockObject::Release>("release")});
  }

  explicit LockObject(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<LockObject>(info), state_(TakeState<State>(info)) {}
  // A lock that JavaScript forgot must not stay held.
  ~LockObject() override {
    if (state_.file) state_.file->Release();
  }

 private:
  void Release(const Napi::CallbackInfo&) {
    *state_.is_released = true;
    state_.file->Release();
  }

  State state_;
};

struct Told {
  LockOutcome outcome = LockOutcome::kBusy;
  const char* api = nullptr;
  std::uint32_t status = 0;
};

// Settles the promise of lock `id`. All that this needs is made now, so that it happens also when memory has run out.
// What was acquired on another thread while JavaScript released it is held no more.
FileLock::Settled SettlerOf(const std::shared_ptr<JsThread>& js_thread, std::uint64_t id,
                            std::shared_ptr<bool> is_released) {
  auto told = std::make_shared<Told>();
  auto settle = [id, told, is_released = std::move(is_released)](Napi::Env env, Environment& environment) {
    const auto found = environment.locks.find(id);
    if (found == environment.locks.end()) return;
    const Napi::Promise::Deferred deferred = found->second;
    environment.locks.erase(found);
    environment.js_thread()->Unhold(env);
    if (told->api == nullptr) {
      deferred.Resolve(ToJs(env, *is_released ? LockOutcome::kCancelled : told->outcome));
    } else {
      deferred.Reject(ToJsError(env, told->api, told->status).Value());
    }
  };
  auto work = std::make_shared<std::unique_ptr<JsThread::Work>>(std::make_unique<JsThread::Work>(std::move(settle)));
  return [js_thread, told, work](LockOutcome outcome, const char* api, std::uint32_t status) {
    *told = {outcome, api, status};
    js_thread->Post(std::move(*work));
  };
}

}  // namespace

void DefineLockClass(Napi::Env env, Environment& environment) {
  environment.lock_class = Napi::Persistent(LockObject::Define(env));
}

Napi::Value AcquireLock(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::u16string name = ReadString(info[0], "name");
  const std::uint32_t timeout_ms = ReadUint32(info[1], "timeoutMs");
  constexpr char16_t kNotInFileNames[] = u"\\/:*?\"<>|.";
  if (name.empty() || name.find_first_of(kNotInFileNames) != std::u16string::npos) {
    throw Napi::TypeError::New(env, "name must be a file name without extension");
  }
  Environment& environment = Environment::Of(env);
  const std::uint64_t id = environment.NextId();
  const auto deferred = environment.locks.emplace(id, Napi::Promise::Deferred::New(env)).first->second;
  LockObject::State state{nullptr, std::make_shared<bool>(false)};
  try {
    state.file =
        FileLock::Acquire(std::move(name), timeout_ms, SettlerOf(environment.js_thread(), id, state.is_released));
  } catch (...) {
    environment.locks.erase(id);
    throw;
  }
  environment.js_thread()->Hold(env);
  const Napi::Object lock = Construct(environment.lock_class, std::move(state)).As<Napi::Object>();
  lock.Set("settled", deferred.Promise());
  return lock;
}

}  // namespace msal_mi
