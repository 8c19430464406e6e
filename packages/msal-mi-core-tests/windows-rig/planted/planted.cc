// TEST ONLY: stands where an attacker would put a library. Says so as soon as it is loaded, and does nothing else.
#include <windows.h>

#include <string>

// Every function that the library of this name exports leads here, so that programs which bind it at load time load it.
extern "C" int PlantedFunction() {
  ::SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
  return 0;
}

// Appends the path of this file to the file that PLANTED_LIBRARY_MARKER names.
static void LeaveMarker(HINSTANCE self) {
  wchar_t marker[MAX_PATH];
  const DWORD length = ::GetEnvironmentVariableW(L"PLANTED_LIBRARY_MARKER", marker, MAX_PATH);
  if (length == 0 || length >= MAX_PATH) return;
  char path[MAX_PATH];
  if (::GetModuleFileNameA(self, path, MAX_PATH) == 0) return;
  const HANDLE file = ::CreateFileW(marker, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_ALWAYS,
                                    FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) return;
  const std::string line = std::string(path) + "\n";
  DWORD written = 0;
  ::WriteFile(file, line.data(), static_cast<DWORD>(line.size()), &written, nullptr);
  ::CloseHandle(file);
}

extern "C" BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, LPVOID) {
  if (reason == DLL_PROCESS_ATTACH) LeaveMarker(self);
  return TRUE;
}
