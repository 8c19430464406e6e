#include "log_relay.h"

#include <utility>

#include "marshal.h"

namespace msal_mi {
namespace {

// Enough for a verbose attestation while JavaScript is busy; lines beyond that are lost.
constexpr std::size_t kMostWaitingLines = 1024;

}  // namespace

std::shared_ptr<LogRelay> LogRelay::Open(Napi::Env env, const Napi::Function& on_line) {
  auto relay = std::make_shared<LogRelay>();
  relay->on_line_ = Napi::Persistent(on_line);
  relay->wakeup_ = Wakeup::New(env, "msal-mi log", 0, 1);
  relay->wakeup_.Unref(env);
  relay->is_open_ = true;
  relay->cleanup_argument_ = new Self(relay);
  // Registered after the thread-safe function, hence run before that one's own hook.
  napi_add_env_cleanup_hook(env, OnEnvironmentGone, relay->cleanup_argument_);
  return relay;
}

void LogRelay::Write(LogLine line) noexcept {
  try {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!is_open_ || waiting_.size() >= kMostWaitingLines) return;
    waiting_.push_back(std::move(line));
    if (is_woken_) return;
    auto self = std::make_unique<Self>(shared_from_this());
    if (wakeup_.NonBlockingCall(self.get()) != napi_ok) return;
    (void)self.release();  // owned by Deliver
    is_woken_ = true;
  } catch (...) {
    // Out of memory: the line is lost.
  }
}

void LogRelay::Close(Napi::Env env) {
  DeliverWaiting(env);
  if (!Stop()) return;
  napi_remove_env_cleanup_hook(env, OnEnvironmentGone, cleanup_argument_);
  delete std::exchange(cleanup_argument_, nullptr);
}

void LogRelay::Deliver(Napi::Env env, Napi::Function, std::nullptr_t*, Self* relay) {
  const std::unique_ptr<Self> owned(relay);
  if (env != nullptr) (*owned)->DeliverWaiting(env);
}

void LogRelay::DeliverWaiting(Napi::Env env) {
  try {
    for (const LogLine& line : TakeWaiting()) {
      if (on_line_.IsEmpty()) return;
      const Napi::HandleScope scope(env);
      on_line_.Call({ToJs(env, line)});
    }
  } catch (...) {
    // The listener threw, memory ran out, or the environment is being terminated: lines are lost, not the result.
  }
}

std::vector<LogLine> LogRelay::TakeWaiting() {
  const std::lock_guard<std::mutex> lock(mutex_);
  is_woken_ = false;
  return std::exchange(waiting_, {});
}

// JavaScript thread. False when it was stopped before.
bool LogRelay::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!std::exchange(is_open_, false)) return false;
  }
  wakeup_.Release();
  on_line_.Reset();
  return true;
}

void LogRelay::OnEnvironmentGone(void* relay) {
  const std::unique_ptr<Self> owned(static_cast<Self*>(relay));
  (*owned)->cleanup_argument_ = nullptr;
  (*owned)->Stop();
}

}  // namespace msal_mi
