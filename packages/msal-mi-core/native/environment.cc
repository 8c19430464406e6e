#include "environment.h"

#include <utility>

namespace msal_mi {

void JsThread::Open(Napi::Env env) {
  function_ = Function::New(env, "msal-mi", 0, 1);
  function_.Unref(env);
  open_ = true;
}

void JsThread::Post(std::unique_ptr<Work> work) noexcept {
  if (!work) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (open_ && function_.NonBlockingCall(work.get()) == napi_ok) (void)work.release();  // owned by Call
}

void JsThread::Hold(Napi::Env env) {
  if (holds_++ == 0) function_.Ref(env);
}

void JsThread::Unhold(Napi::Env env) {
  if (--holds_ == 0) function_.Unref(env);
}

void JsThread::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  open_ = false;
}

void JsThread::Call(Napi::Env env, Napi::Function, std::nullptr_t*, Work* work) {
  const std::unique_ptr<Work> owned(work);
  if (env == nullptr) return;  // the environment is going: nobody listens
  try {
    (*owned)(env, Environment::Of(env));
  } catch (...) {
    // A worker that is being terminated runs no more JavaScript, and memory may be short. Listeners throw nothing.
  }
}

Environment::Environment(Napi::Env env) {
  js_thread_->Open(env);
  // Registered after the thread-safe function, hence run before that one's own hook.
  env.AddCleanupHook([this] { Close(); });
}

void Environment::Unhold(Napi::Env env, std::uint64_t id) {
  const auto found = requests.find(id);
  if (found == requests.end() || !found->second.holds_loop) return;
  found->second.holds_loop = false;
  js_thread_->Unhold(env);
}

void Environment::Close() {
  js_thread_->Close();
  // The requests own themselves until WinHTTP lets go of them; nobody waits for that here.
  for (auto& entry : requests) entry.second.request->Abort();
}

}  // namespace msal_mi
