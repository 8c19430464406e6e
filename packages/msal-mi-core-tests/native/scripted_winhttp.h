// A WinHTTP whose every answer a test writes: it plays orders of events that no rig produces.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "win32/winhttp_api.h"

namespace scripted {

// One request handle. `on_*` run inside of the call, on its thread, and return what the call returns.
struct WinHttp {
  std::function<BOOL()> on_send = [] { return TRUE; };
  std::function<BOOL(std::string)> on_write = [](std::string) { return TRUE; };
  std::function<BOOL()> on_receive = [] { return TRUE; };
  std::function<BOOL()> on_query = [] { return TRUE; };
  std::function<BOOL(std::uint8_t*, DWORD)> on_read = [](std::uint8_t*, DWORD) { return TRUE; };
  // Default: the handle is closed at once.
  std::function<void()> on_close;
  // Option -> error. Others are accepted.
  std::map<DWORD, DWORD> refused_options;
  DWORD status_code = 200;
  std::wstring raw_headers = L"HTTP/1.1 200 OK\r\n\r\n";
  DWORD last_error = 0;
  bool submit_inline = true;
  bool refuses_threads = false;
  // What WinHttpQueryOption says of the server's certificate: 0 for one, else an error.
  DWORD certificate_error = 0;

  // What was asked.
  std::vector<std::string> calls;
  std::map<DWORD, DWORD> options;
  std::wstring host;
  std::wstring path;
  DWORD open_flags = 0;
  std::wstring sent_headers;
  int certificates = 0;  // given out and not yet given back
  DWORD sent_total = 0;
  int depth = 0;
  int deepest = 0;

  void Report(DWORD status, void* value = nullptr, DWORD length = 0);
  void Available(DWORD bytes) { Report(WINHTTP_CALLBACK_STATUS_DATA_AVAILABLE, &bytes, sizeof(bytes)); }
  void Read(DWORD bytes) { Report(WINHTTP_CALLBACK_STATUS_READ_COMPLETE, nullptr, bytes); }
  void Error(DWORD_PTR api, DWORD error);
  void Closing() { Report(WINHTTP_CALLBACK_STATUS_HANDLE_CLOSING); }

  WINHTTP_STATUS_CALLBACK callback = nullptr;
  DWORD_PTR context = 0;
};

// The functions reach this one; a table has no room for more.
void Install(WinHttp* winhttp);
const msal_mi::WinHttpApi& Api();
// Waits for work that was submitted to threads.
void JoinWork();

}  // namespace scripted
