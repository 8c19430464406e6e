#include <windows.h>

#include "named_mutex.h"

#include <sddl.h>

#include <thread>
#include <utility>
#include <vector>

#include <kernel_handle.h>
#include <wide_string.h>
#include <win32_error.h>

namespace msal_mi {
namespace {

struct LocalMemoryTraits {
  using Raw = LPWSTR;
  static void close(Raw memory) noexcept { ::LocalFree(memory); }
};
using UniqueLocalString = UniqueHandle<LocalMemoryTraits>;

// Two users must not block each other, nor be able to create each other's mutex first.
std::wstring CurrentUserSid() {
  UniqueKernelHandle token;
  if (!::OpenProcessToken(::GetCurrentProcess(), TOKEN_QUERY, token.out())) {
    throw Win32Error("OpenProcessToken", ::GetLastError());
  }
  DWORD size = 0;
  ::GetTokenInformation(token.get(), TokenUser, nullptr, 0, &size);
  std::vector<std::uint64_t> buffer(size / sizeof(std::uint64_t) + 1);  // aligned for TOKEN_USER
  if (!::GetTokenInformation(token.get(), TokenUser, buffer.data(), size, &size)) {
    throw Win32Error("GetTokenInformation", ::GetLastError());
  }
  UniqueLocalString sid;
  if (!::ConvertSidToStringSidW(reinterpret_cast<TOKEN_USER*>(buffer.data())->User.Sid, sid.out())) {
    throw Win32Error("ConvertSidToStringSid", ::GetLastError());
  }
  return sid.get();
}

UniqueKernelHandle OpenMutexObject(const std::wstring& name) {
  UniqueKernelHandle mutex(::CreateMutexW(nullptr, FALSE, (L"Global\\" + name).c_str()));
  // Only a refusal leads to the session's own namespace: a busy global mutex must not be side-stepped.
  if (!mutex && ::GetLastError() == ERROR_ACCESS_DENIED) {
    mutex.reset(::CreateMutexW(nullptr, FALSE, (L"Local\\" + name).c_str()));
  }
  if (!mutex) throw Win32Error("CreateMutex", ::GetLastError());
  return mutex;
}

class ThreadMutex final : public NamedMutex, public std::enable_shared_from_this<ThreadMutex> {
 public:
  explicit ThreadMutex(UniqueKernelHandle released) : released_(std::move(released)) {}

  void Start(std::u16string name, std::uint32_t timeout_ms, Settled settled) {
    // Detached: waiting for it would block the caller, and it keeps this object alive by itself.
    std::thread([self = shared_from_this(), name = std::move(name), timeout_ms, settled = std::move(settled)] {
      self->Hold(name, timeout_ms, settled);
    }).detach();
  }

  void Release() noexcept override { ::SetEvent(released_.get()); }

 private:
  void Hold(const std::u16string& name, std::uint32_t timeout_ms, const Settled& settled) {
    try {
      const UniqueKernelHandle mutex = OpenMutexObject(ToWide(name) + L"-" + CurrentUserSid());
      // The mutex first: when both are signalled, the lock was acquired and is given back below.
      const HANDLE handles[] = {mutex.get(), released_.get()};
      const DWORD waited = ::WaitForMultipleObjects(2, handles, FALSE, timeout_ms);
      switch (waited) {
        case WAIT_OBJECT_0:
        case WAIT_ABANDONED_0:
          settled(waited == WAIT_OBJECT_0 ? LockOutcome::kAcquired : LockOutcome::kAbandoned, nullptr, 0);
          ::WaitForSingleObject(released_.get(), INFINITE);
          ::ReleaseMutex(mutex.get());
          return;
        case WAIT_OBJECT_0 + 1:
          return settled(LockOutcome::kCancelled, nullptr, 0);
        case WAIT_TIMEOUT:
          return settled(LockOutcome::kBusy, nullptr, 0);
        default:
          throw Win32Error("WaitForMultipleObjects", ::GetLastError());
      }
    } catch (const Win32Error& error) {
      settled(LockOutcome::kBusy, error.api(), error.status());
    } catch (const std::exception&) {
      settled(LockOutcome::kBusy, "std::exception", kErrorOutOfMemory);
    }
  }

  UniqueKernelHandle released_;  // manual reset: stays signalled
};

}  // namespace

std::shared_ptr<NamedMutex> NamedMutex::Acquire(std::u16string name, std::uint32_t timeout_ms, Settled settled) {
  UniqueKernelHandle released(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  if (!released) throw Win32Error("CreateEvent", ::GetLastError());
  auto mutex = std::make_shared<ThreadMutex>(std::move(released));
  mutex->Start(std::move(name), timeout_ms, std::move(settled));
  return mutex;
}

}  // namespace msal_mi
