#include <windows.h>

#include "file_lock.h"

#include <userenv.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <kernel_handle.h>
#include <wide_string.h>
#include <win32_error.h>

namespace msal_mi {
namespace {

// A waiting request is renewed after this time. Windows needs no renewal; network redirectors and Wine may never answer
// a request that has to wait.
constexpr DWORD kRenewAfterMs = 250;
constexpr int kMostCancelWaits = 20;  // of a millisecond or more

std::wstring ProfileFolder() {
  UniqueKernelHandle token;
  if (!::OpenProcessToken(::GetCurrentProcess(), TOKEN_QUERY, token.out())) {
    throw Win32Error("OpenProcessToken", ::GetLastError());
  }
  DWORD size = 0;
  ::GetUserProfileDirectoryW(token.get(), nullptr, &size);
  std::wstring folder(size, L'\0');
  // Not the folder of an environment variable: that one could be another user's.
  if (size == 0 || !::GetUserProfileDirectoryW(token.get(), folder.data(), &size)) {
    throw Win32Error("GetUserProfileDirectoryW", ::GetLastError());
  }
  folder.resize(folder.find(L'\0'));
  return folder;
}

// Inherits the rights of the profile: its user, SYSTEM and Administrators.
std::wstring LockFolder() {
  std::wstring folder = ProfileFolder();
  for (const wchar_t* part : {L"\\AppData", L"\\Local", L"\\msal-mi-core"}) {
    folder += part;
    const bool is_there = ::CreateDirectoryW(folder.c_str(), nullptr) || ::GetLastError() == ERROR_ALREADY_EXISTS;
    // Below the profile root a process may be allowed to open and not to make; then opening the file decides.
    if (!is_there && ::GetLastError() != ERROR_ACCESS_DENIED) throw Win32Error("CreateDirectoryW", ::GetLastError());
  }
  return folder;
}

class FileAttempt {
 public:
  // Empty when somebody has the file open without sharing, as scanners do for a moment.
  static std::unique_ptr<FileAttempt> Open(const std::wstring& path, HANDLE event) {
    // Reading is all that locking asks for, and all that a process of lower integrity may do. Nobody can delete the
    // file while it is open like this: a second one of its name would be a second lock.
    const HANDLE file = ::CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr,
                                      OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OVERLAPPED, nullptr);
    if (file == INVALID_HANDLE_VALUE) {
      if (::GetLastError() == ERROR_SHARING_VIOLATION) return nullptr;
      throw Win32Error("CreateFileW", ::GetLastError());
    }
    auto attempt = std::make_unique<FileAttempt>(UniqueKernelHandle(file));
    attempt->overlapped_.hEvent = event;
    return attempt;
  }

  explicit FileAttempt(UniqueKernelHandle file) noexcept : file_(std::move(file)) {}

  // True when the lock is had at once; otherwise the event tells.
  bool Begin() {
    overlapped_.Internal = STATUS_PENDING;  // Wine forgets to
    is_granted_ = ::LockFileEx(file_.get(), LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &overlapped_) != FALSE;
    if (!is_granted_ && ::GetLastError() != ERROR_IO_PENDING) {
      overlapped_.Internal = 0;
      throw Win32Error("LockFileEx", ::GetLastError());
    }
    return is_granted_;
  }

  // Ends a waiting request. True when it was granted before that.
  static bool End(std::unique_ptr<FileAttempt>& attempt) {
    if (attempt->is_granted_) return true;
    ::CancelIoEx(attempt->file_.get(), &attempt->overlapped_);
    for (int i = 0; i < kMostCancelWaits && !HasOverlappedIoCompleted(&attempt->overlapped_); ++i) ::Sleep(1);
    DWORD ignored = 0;
    if (HasOverlappedIoCompleted(&attempt->overlapped_) &&
        ::GetOverlappedResult(attempt->file_.get(), &attempt->overlapped_, &ignored, FALSE)) {
      attempt->is_granted_ = true;
      return true;
    }
    attempt->file_.reset();
    // Windows has let go of the structure by now. Who has not may write to it at any time: it is left to them.
    if (!HasOverlappedIoCompleted(&attempt->overlapped_)) (void)attempt.release();
    attempt.reset();
    return false;
  }

  void Unlock() noexcept {
    OVERLAPPED range{};
    // Explicitly: with the handle alone it would go when Windows finds the time.
    ::UnlockFileEx(file_.get(), 0, 1, 0, &range);
    file_.reset();
  }

 private:
  UniqueKernelHandle file_;
  OVERLAPPED overlapped_{};
  bool is_granted_ = false;
};

// Each step runs on a thread of the pool, never two at once: the wait object calls once for each time it is set.
class LockedFile final : public FileLock, public std::enable_shared_from_this<LockedFile> {
 public:
  LockedFile(std::u16string name, std::uint32_t timeout_ms, Settled settled)
      : name_(std::move(name)), deadline_(::GetTickCount64() + timeout_ms), settled_(std::move(settled)) {}

  void Start() {
    // Signalled: the first step follows at once.
    event_.reset(::CreateEventW(nullptr, FALSE, TRUE, nullptr));
    if (!event_) throw Win32Error("CreateEventW", ::GetLastError());
    wait_ = ::CreateThreadpoolWait(OnSignalled, this, nullptr);
    if (wait_ == nullptr) throw Win32Error("CreateThreadpoolWait", ::GetLastError());
    self_ = shared_from_this();
    ::SetThreadpoolWait(wait_, event_.get(), nullptr);
  }

  void Release() noexcept override {
    std::unique_ptr<FileAttempt> held;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      is_released_ = true;
      held = std::move(held_);
    }
    if (held) held->Unlock();
    ::SetEvent(event_.get());
  }

 private:
  static void CALLBACK OnSignalled(PTP_CALLBACK_INSTANCE instance, void* context, PTP_WAIT, TP_WAIT_RESULT) noexcept {
    ::CallbackMayRunLong(instance);
    const auto self = static_cast<LockedFile*>(context)->self_;
    try {
      if (const auto outcome = self->Step()) self->Settle(*outcome, nullptr, 0);
    } catch (const Win32Error& error) {
      self->Settle(LockOutcome::kBusy, error.api(), error.status());
    } catch (...) {
      self->Settle(LockOutcome::kBusy, "std::exception", kErrorOutOfMemory);
    }
  }

  // Nothing while the lock has to be waited for.
  std::optional<LockOutcome> Step() {
    bool is_granted = attempt_ && FileAttempt::End(attempt_);
    if (IsReleased()) return LockOutcome::kCancelled;
    const ULONGLONG now = ::GetTickCount64();
    if (!is_granted) {
      if (path_.empty()) path_ = LockFolder() + L"\\" + ToWide(name_) + L".lock";
      attempt_ = FileAttempt::Open(path_, event_.get());
      is_granted = attempt_ && attempt_->Begin();
    }
    if (is_granted) return Keep();
    if (now >= deadline_) {
      if (!attempt_ || !FileAttempt::End(attempt_)) return LockOutcome::kBusy;
      return Keep();
    }
    WaitFor(static_cast<DWORD>(std::min<ULONGLONG>(kRenewAfterMs, deadline_ - now)));
    return std::nullopt;
  }

  LockOutcome Keep() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (is_released_) return LockOutcome::kCancelled;
    held_ = std::move(attempt_);
    return LockOutcome::kAcquired;
  }

  void WaitFor(DWORD ms) {
    constexpr LONGLONG kTicksPerMs = 10'000;
    ULARGE_INTEGER due{};
    due.QuadPart = static_cast<ULONGLONG>(-(kTicksPerMs * ms));  // negative: from now
    FILETIME time{due.LowPart, due.HighPart};
    ::SetThreadpoolWait(wait_, event_.get(), &time);
    // A request that begins clears the event, and with it a release that came shortly before.
    if (IsReleased()) ::SetEvent(event_.get());
  }

  void Settle(LockOutcome outcome, const char* api, std::uint32_t status) {
    if (attempt_ && FileAttempt::End(attempt_)) attempt_->Unlock();
    attempt_.reset();
    settled_(outcome, api, status);
    settled_ = nullptr;
    // Allowed inside of its own callback, which is the last one.
    ::CloseThreadpoolWait(wait_);
    self_.reset();
  }

  bool IsReleased() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return is_released_;
  }

  // Of the step that runs.
  const std::u16string name_;
  const ULONGLONG deadline_;
  Settled settled_;
  std::wstring path_;
  PTP_WAIT wait_ = nullptr;
  std::unique_ptr<FileAttempt> attempt_;
  std::shared_ptr<LockedFile> self_;  // until it has settled

  UniqueKernelHandle event_;  // wakes the next step; once too often does no harm
  std::mutex mutex_;          // guards what follows
  bool is_released_ = false;
  std::unique_ptr<FileAttempt> held_;
};

}  // namespace

std::shared_ptr<FileLock> FileLock::Acquire(std::u16string name, std::uint32_t timeout_ms, Settled settled) {
  auto lock = std::make_shared<LockedFile>(std::move(name), timeout_ms, std::move(settled));
  lock->Start();
  return lock;
}

}  // namespace msal_mi
