// The one way to WinHTTP: a table of functions, so that a scripted double can play orders of events that no rig
// produces.
#pragma once

#include <windows.h>

#include <wincrypt.h>
#include <winhttp.h>

#include <utility>

#include <unique_handle.h>

namespace msal_mi {

struct WinHttpApi {
  decltype(&::WinHttpOpen) open;
  decltype(&::WinHttpConnect) connect;
  decltype(&::WinHttpOpenRequest) open_request;
  decltype(&::WinHttpAddRequestHeaders) add_request_headers;
  decltype(&::WinHttpSetOption) set_option;
  decltype(&::WinHttpQueryOption) query_option;
  decltype(&::WinHttpSetTimeouts) set_timeouts;
  decltype(&::WinHttpSetStatusCallback) set_status_callback;
  decltype(&::WinHttpSendRequest) send_request;
  decltype(&::WinHttpWriteData) write_data;
  decltype(&::WinHttpReceiveResponse) receive_response;
  decltype(&::WinHttpQueryHeaders) query_headers;
  decltype(&::WinHttpQueryDataAvailable) query_data_available;
  decltype(&::WinHttpReadData) read_data;
  decltype(&::WinHttpCloseHandle) close_handle;
  decltype(&::CertFreeCertificateContext) free_certificate;
  decltype(&::CertGetCertificateChain) get_chain;
  decltype(&::CertFreeCertificateChain) free_chain;
  decltype(&::GetLastError) last_error;
  // Runs `work(context)` on a thread that may block. False when the system refuses.
  bool (*submit)(void (*work)(void*) noexcept, void* context) noexcept;
};

const WinHttpApi& SystemWinHttp();

// Closes through the table it was opened with.
class InternetHandle {
 public:
  InternetHandle() noexcept = default;
  InternetHandle(const WinHttpApi& api, HINTERNET handle) noexcept : api_(&api), handle_(handle) {}
  InternetHandle(InternetHandle&& other) noexcept : api_(other.api_), handle_(other.release()) {}
  InternetHandle& operator=(InternetHandle&& other) noexcept {
    if (this != &other) {
      reset();
      api_ = other.api_;
      handle_ = other.release();
    }
    return *this;
  }
  InternetHandle(const InternetHandle&) = delete;
  InternetHandle& operator=(const InternetHandle&) = delete;
  ~InternetHandle() { reset(); }

  HINTERNET get() const noexcept { return handle_; }
  explicit operator bool() const noexcept { return handle_ != nullptr; }
  [[nodiscard]] HINTERNET release() noexcept { return std::exchange(handle_, nullptr); }
  void reset() noexcept {
    if (const HINTERNET old = release()) api_->close_handle(old);
  }

 private:
  const WinHttpApi* api_ = nullptr;
  HINTERNET handle_ = nullptr;
};

}  // namespace msal_mi
