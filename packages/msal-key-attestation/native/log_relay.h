// Brings log lines from any thread to one JavaScript function, in order.
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>
#include <vector>

#include "log_sink.h"

namespace msal_mi {

class LogRelay final : public LogSink, public std::enable_shared_from_this<LogRelay> {
 public:
  // JavaScript thread. Does not keep the event loop alive.
  static std::shared_ptr<LogRelay> Open(Napi::Env env, const Napi::Function& on_line);

  void Write(LogLine line) noexcept override;

  // JavaScript thread: delivers what is waiting, and nothing after that.
  void Close(Napi::Env env);

 private:
  using Self = std::shared_ptr<LogRelay>;
  static void Deliver(Napi::Env env, Napi::Function, std::nullptr_t*, Self* relay);
  using Wakeup = Napi::TypedThreadSafeFunction<std::nullptr_t, Self, Deliver>;

  static void OnEnvironmentGone(void* relay);
  void DeliverWaiting(Napi::Env env);
  std::vector<LogLine> TakeWaiting();
  bool Stop();

  Napi::FunctionReference on_line_;  // JavaScript thread only
  Self* cleanup_argument_ = nullptr;

  std::mutex mutex_;  // guards what follows: a thread-safe function that is gone must not be called
  bool is_open_ = false;
  bool is_woken_ = false;
  std::vector<LogLine> waiting_;
  Wakeup wakeup_;
};

}  // namespace msal_mi
