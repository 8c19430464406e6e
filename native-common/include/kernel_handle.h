#pragma once

#include <windows.h>

#include <unique_handle.h>

namespace msal_mi {

// Files, events, mutexes, tokens: whatever CloseHandle closes.
struct KernelHandleTraits {
  using Raw = HANDLE;
  static void close(Raw handle) noexcept { ::CloseHandle(handle); }
};
using UniqueKernelHandle = UniqueHandle<KernelHandleTraits>;

}  // namespace msal_mi
