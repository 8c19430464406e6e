#pragma once

#include "winhttp_api.h"  // <windows.h> first

#include "winhttp_request.h"
#include "winhttp_session_internal.h"

namespace msal_mi {

// The handles of one request, with everything set that protects it before anything is sent.
class RequestHandles {
 public:
  // Throws Win32Error; what was opened until then stays for Close.
  void Open(const OpenedSession& session, const RequestOptions& options, WINHTTP_STATUS_CALLBACK callback,
            DWORD_PTR context);

  HINTERNET request() const noexcept { return request_.get(); }
  // WinHTTP tells the callback when it has let go of the request. Otherwise nobody does.
  bool is_observed() const noexcept { return is_observed_; }
  void Close() noexcept { request_.reset(); }

 private:
  InternetHandle connection_;
  InternetHandle request_;
  bool is_observed_ = false;
};

}  // namespace msal_mi
