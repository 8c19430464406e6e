// A lock shared by all processes of a user that may be held across asynchronous work.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace msal_mi {

enum class LockOutcome { kAcquired, kBusy, kCancelled };

// A locked file in the user's profile: other users can neither make it nor open it. Windows frees the lock when its
// process dies, so whoever gets one looks again at what it protects.
class FileLock {
 public:
  // Told once, on any thread. `api` is null unless a call failed. Must not throw.
  using Settled = std::function<void(LockOutcome, const char* api, std::uint32_t status)>;

  // `name` is a file name without extension. Throws Win32Error when waiting cannot even begin.
  static std::shared_ptr<FileLock> Acquire(std::u16string name, std::uint32_t timeout_ms, Settled settled);

  virtual ~FileLock() = default;
  // Gives the lock back, or stops waiting for it. May be called more than once, from any thread.
  virtual void Release() noexcept = 0;
};

}  // namespace msal_mi
