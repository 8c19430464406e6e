// One template for every export that blocks: copy in, work on a pool thread without `env`, copy out.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "guarded.h"
#include "win32_error.h"

namespace msal_mi {

struct NoResult {};

// `Work` is `Result()` and may throw; `Marshal` is `Napi::Value(Napi::Env, Result&&)` and runs on the JS
// thread. At environment teardown Node drops a queued task without completing it.
template <typename Work, typename Marshal>
class AsyncTask final : public Napi::AsyncWorker {
 public:
  AsyncTask(Napi::Env env, Work work, Marshal marshal)
      : Napi::AsyncWorker(env, "msal-mi"),
        work_(std::move(work)),
        marshal_(std::move(marshal)),
        deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise Promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    try {
      result_ = work_();
    } catch (...) {
      failure_ = CurrentFailure();
    }
  }

  void OnOK() override {
    try {
      Settle();
    } catch (const Napi::Error&) {
      // A worker that is being terminated completes its tasks and refuses every value: nobody waits for this one.
    }
  }

 private:
  using Result = std::invoke_result_t<Work>;

  void Settle() {
    if (failure_) {
      deferred_.Reject(ToJsError(Env(), failure_->api(), failure_->status()).Value());
      return;
    }
    try {
      deferred_.Resolve(Guard(Env(), [this] { return marshal_(Env(), std::move(*result_)); }));
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
  }

  Work work_;
  Marshal marshal_;
  Napi::Promise::Deferred deferred_;
  std::optional<Result> result_;
  std::optional<Win32Error> failure_;
};

template <typename Work, typename Marshal>
Napi::Promise RunAsync(Napi::Env env, Work work, Marshal marshal) {
  auto task = std::make_unique<AsyncTask<Work, Marshal>>(env, std::move(work), std::move(marshal));
  const Napi::Promise promise = task->Promise();
  task->Queue();
  (void)task.release();  // deletes itself when done
  return promise;
}

// For work without a result: resolves with undefined.
template <typename Work>
Napi::Promise RunAsync(Napi::Env env, Work work) {
  return RunAsync(
      env,
      [work = std::move(work)]() mutable {
        work();
        return NoResult{};
      },
      [](Napi::Env inner, NoResult&&) -> Napi::Value { return inner.Undefined(); });
}

}  // namespace msal_mi
