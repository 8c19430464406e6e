// A WinHTTP that answers every request with "hello" in two pieces, a little late, on threads of its own.
#include "win32/winhttp_api.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace msal_mi {
namespace {

constexpr wchar_t kHead[] = L"HTTP/1.1 200 OK\r\nX-Answer: yes\r\n\r\n";

struct Request {
  WINHTTP_STATUS_CALLBACK callback = nullptr;
  DWORD_PTR context = 0;
  std::string body = "hello";
};

Request* Of(HINTERNET handle) { return static_cast<Request*>(handle); }

BOOL Later(std::function<void()> work) {
  std::thread([work = std::move(work)] {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    work();
  }).detach();
  return TRUE;
}

BOOL Report(HINTERNET handle, DWORD status) {
  return Later([handle, status] { Of(handle)->callback(handle, Of(handle)->context, status, nullptr, 0); });
}

HINTERNET Open(LPCWSTR, DWORD, LPCWSTR, LPCWSTR, DWORD) { return new Request; }
HINTERNET Connect(HINTERNET, LPCWSTR, INTERNET_PORT, DWORD) { return new Request; }
HINTERNET OpenRequest(HINTERNET, LPCWSTR, LPCWSTR, LPCWSTR, LPCWSTR, LPCWSTR*, DWORD) { return new Request; }
BOOL AddRequestHeaders(HINTERNET, LPCWSTR, DWORD, DWORD) { return TRUE; }
BOOL QueryOption(HINTERNET, DWORD, LPVOID, LPDWORD) { return FALSE; }
BOOL FreeCertificate(PCCERT_CONTEXT) { return TRUE; }
BOOL SetOption(HINTERNET handle, DWORD option, LPVOID value, DWORD) {
  if (option == WINHTTP_OPTION_CONTEXT_VALUE) Of(handle)->context = *static_cast<DWORD_PTR*>(value);
  return TRUE;
}
BOOL SetTimeouts(HINTERNET, int, int, int, int) { return TRUE; }
WINHTTP_STATUS_CALLBACK SetStatusCallback(HINTERNET handle, WINHTTP_STATUS_CALLBACK callback, DWORD, DWORD_PTR) {
  Of(handle)->callback = callback;
  return nullptr;
}
BOOL SendRequest(HINTERNET handle, LPCWSTR, DWORD, LPVOID, DWORD, DWORD, DWORD_PTR) {
  return Report(handle, WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE);
}
BOOL WriteData(HINTERNET handle, LPCVOID, DWORD, LPDWORD) {
  return Report(handle, WINHTTP_CALLBACK_STATUS_WRITE_COMPLETE);
}
BOOL ReceiveResponse(HINTERNET handle, LPVOID) { return Report(handle, WINHTTP_CALLBACK_STATUS_HEADERS_AVAILABLE); }
BOOL QueryHeaders(HINTERNET, DWORD what, LPCWSTR, LPVOID out, LPDWORD size, LPDWORD) {
  if (what == (WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER)) {
    *static_cast<DWORD*>(out) = 200;
    return TRUE;
  }
  if (out == nullptr) {
    *size = sizeof(kHead);
    return FALSE;
  }
  std::memcpy(out, kHead, sizeof(kHead));
  *size = sizeof(kHead) - sizeof(wchar_t);
  return TRUE;
}
BOOL QueryDataAvailable(HINTERNET handle, LPDWORD) {
  return Later([handle] {
    DWORD available = static_cast<DWORD>(std::min<std::size_t>(Of(handle)->body.size(), 3));
    Of(handle)->callback(handle, Of(handle)->context, WINHTTP_CALLBACK_STATUS_DATA_AVAILABLE, &available, 4);
  });
}
BOOL ReadData(HINTERNET handle, LPVOID out, DWORD size, LPDWORD) {
  return Later([handle, out, size] {
    Request* request = Of(handle);
    std::memcpy(out, request->body.data(), size);
    request->body.erase(0, size);
    request->callback(handle, request->context, WINHTTP_CALLBACK_STATUS_READ_COMPLETE, out, size);
  });
}
// Like Wine: the operation in flight ends first. 20 ms are more than any takes here.
BOOL CloseHandle(HINTERNET handle) {
  std::thread([handle] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (Of(handle)->callback != nullptr) {
      Of(handle)->callback(handle, Of(handle)->context, WINHTTP_CALLBACK_STATUS_HANDLE_CLOSING, nullptr, 0);
    }
    delete Of(handle);
  }).detach();
  return TRUE;
}
DWORD LastError() { return 0; }
bool Submit(void (*work)(void*) noexcept, void* context) noexcept {
  std::thread(work, context).detach();
  return true;
}

}  // namespace

const WinHttpApi& SystemWinHttp() {
  static const WinHttpApi api{Open,
                              Connect,
                              OpenRequest,
                              AddRequestHeaders,
                              SetOption,
                              QueryOption,
                              SetTimeouts,
                              SetStatusCallback,
                              SendRequest,
                              WriteData,
                              ReceiveResponse,
                              QueryHeaders,
                              QueryDataAvailable,
                              ReadData,
                              CloseHandle,
                              FreeCertificate,
                              LastError,
                              Submit};
  return api;
}

}  // namespace msal_mi
