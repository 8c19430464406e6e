// What one Node environment (main thread or worker) owns: the way from other threads to its JavaScript, and the
// JavaScript values that wait for something. Instance data of the addon; there are no globals.
#pragma once

#include <napi.h>

#include <any>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "win32/winhttp_request.h"

namespace msal_mi {

class Environment;

// Carries work to the JavaScript thread. Outlives its environment: posting to one that is gone does nothing.
class JsThread {
 public:
  using Work = std::function<void(Napi::Env, Environment&)>;

  void Open(Napi::Env env);
  // Any thread. The second form needs no memory: what must be said even when there is none is made beforehand.
  void Post(Work work) { Post(std::make_unique<Work>(std::move(work))); }
  void Post(std::unique_ptr<Work> work) noexcept;
  // JavaScript thread. While the count is above zero the event loop stays alive.
  void Hold(Napi::Env env);
  void Unhold(Napi::Env env);
  // JavaScript thread, before the environment goes.
  void Close();

 private:
  static void Call(Napi::Env env, Napi::Function, std::nullptr_t*, Work* work);
  using Function = Napi::TypedThreadSafeFunction<std::nullptr_t, Work, Call>;

  std::mutex mutex_;  // a thread-safe function that is gone must not be called: guards `open_`
  bool open_ = false;
  Function function_;
  std::uint32_t holds_ = 0;
};

// A request that JavaScript still listens to.
struct LiveRequest {
  std::shared_ptr<WinHttpRequest> request;
  Napi::FunctionReference on_event;
  bool holds_loop = false;
};

class Environment {
 public:
  explicit Environment(Napi::Env env);

  static Environment& Of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  const std::shared_ptr<JsThread>& js_thread() const { return js_thread_; }
  std::uint64_t NextId() { return ++last_id_; }

  std::unordered_map<std::uint64_t, LiveRequest> requests;
  std::unordered_map<std::uint64_t, Napi::Promise::Deferred> locks;
  Napi::FunctionReference session_class;
  Napi::FunctionReference request_class;
  Napi::FunctionReference lock_class;
  std::any pending_state;  // of the instance being constructed

  // Lets the event loop end although WinHTTP has not let go of the request yet.
  void Unhold(Napi::Env env, std::uint64_t id);

 private:
  void Close();

  std::shared_ptr<JsThread> js_thread_ = std::make_shared<JsThread>();
  std::uint64_t last_id_ = 0;
};

}  // namespace msal_mi
