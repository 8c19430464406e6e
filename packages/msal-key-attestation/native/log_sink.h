// Where lines of the library's log go. No napi.h and no <windows.h> here.
#pragma once

#include <memory>
#include <mutex>
#include <string>

namespace msal_mi {

struct LogLine {
  int level = 0;  // 0 error, 1 warning, 2 information, 3 debug
  std::string tag;
  std::string function;
  int line = 0;
  std::string message;
};

class LogSink {
 public:
  virtual ~LogSink() = default;
  // Any thread, also one of the library's own.
  virtual void Write(LogLine line) noexcept = 0;
};

// The stable end of the log callback. A library may log from threads of its own at any time, even after it was
// uninitialised: such a line finds no sink and is dropped.
class LogBridge {
 public:
  void Attach(std::shared_ptr<LogSink> sink) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    sink_ = std::move(sink);
  }

  void Detach() noexcept { Attach(nullptr); }

  std::shared_ptr<LogSink> sink() noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    return sink_;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<LogSink> sink_;
};

}  // namespace msal_mi
