#include "journal.h"

#include <windows.h>

#include "settings.h"

namespace fake_attestation {

void Record(const std::string& entry) {
  const std::string path = Setting("FAKE_ATTESTATION_JOURNAL");
  if (path.empty()) return;
  const HANDLE file = ::CreateFileA(path.c_str(), FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr,
                                    OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) return;
  const std::string line = entry + "\n";
  DWORD written = 0;
  ::WriteFile(file, line.data(), static_cast<DWORD>(line.size()), &written, nullptr);
  ::CloseHandle(file);
}

}  // namespace fake_attestation
