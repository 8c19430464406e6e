// A lock shared by all processes of a user that may be held across asynchronous work.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace msal_mi {

enum class LockOutcome { kAcquired, kAbandoned, kBusy, kCancelled };

// A Windows mutex belongs to a thread, so each instance owns a thread that takes the mutex, holds it and gives it back.
// The system frees it when the process dies; the next owner then sees kAbandoned.
class NamedMutex {
 public:
  // Told once, on the mutex' own thread. `api` is null unless a call failed.
  using Settled = std::function<void(LockOutcome, const char* api, std::uint32_t status)>;

  // `name` without namespace and without backslash; the user's SID is made part of it.
  static std::shared_ptr<NamedMutex> Acquire(std::u16string name, std::uint32_t timeout_ms, Settled settled);

  virtual ~NamedMutex() = default;
  // Gives the mutex back, or stops waiting for it. May be called more than once, from any thread.
  virtual void Release() noexcept = 0;
};

}  // namespace msal_mi
