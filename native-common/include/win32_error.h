// The only exception of the Win32 layers: which function failed, and with what. TypeScript gives it a meaning.
#pragma once

#include <cstdint>
#include <exception>

namespace msal_mi {

class Win32Error : public std::exception {
 public:
  // `api` must be a string literal. `status` is a SECURITY_STATUS, an HRESULT or a GetLastError code, as it came.
  Win32Error(const char* api, std::uint32_t status) noexcept : api_(api), status_(status) {}

  const char* what() const noexcept override { return api_; }
  const char* api() const noexcept { return api_; }
  std::uint32_t status() const noexcept { return status_; }

 private:
  const char* api_;
  std::uint32_t status_;
};

// For functions that return their status. `Status` is LONG or HRESULT; negative values keep their bits.
template <typename Status>
void ThrowIfFailed(const char* api, Status status) {
  if (status != 0) throw Win32Error(api, static_cast<std::uint32_t>(status));
}

// ERROR_INVALID_PARAMETER and ERROR_OUTOFMEMORY without <windows.h>, for layers that also build elsewhere.
inline constexpr std::uint32_t kErrorOutOfMemory = 14;
inline constexpr std::uint32_t kErrorInvalidParameter = 87;

// In a `catch (...)`: what was thrown, as the exception of these layers. Everything else that the standard library
// throws says that memory or threads ran out.
inline Win32Error CurrentFailure() noexcept {
  try {
    throw;
  } catch (const Win32Error& error) {
    return error;
  } catch (...) {
    return Win32Error("std::exception", kErrorOutOfMemory);
  }
}

}  // namespace msal_mi
