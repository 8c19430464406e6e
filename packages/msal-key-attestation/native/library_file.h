// The file of the library, from the moment it is looked at until it is loaded.
#pragma once

#include <windows.h>

#include <string>

#include <kernel_handle.h>

namespace msal_mi {

// While it lives nobody can write to the file, replace it, or rename a folder above it.
class LibraryFile {
 public:
  // Throws Win32Error, also for a file that is not on a drive of this machine.
  explicit LibraryFile(const std::wstring& path);

  HANDLE handle() const noexcept { return file_.get(); }
  // Where the opened file really lies, links resolved: what was verified is what is loaded.
  const std::wstring& final_path() const noexcept { return final_path_; }
  // Lower-case hexadecimal.
  std::wstring Sha256() const;

 private:
  UniqueKernelHandle file_;
  std::wstring final_path_;
};

}  // namespace msal_mi
