#include "winhttp_request_handles.h"

#include <wide_string.h>
#include <win32_error.h>

#include "winhttp_message.h"

// Absent from the mingw-w64 headers of 2022.
#ifndef WINHTTP_OPTION_ENABLE_HTTP_PROTOCOL
#define WINHTTP_OPTION_ENABLE_HTTP_PROTOCOL 133
#endif
#ifndef WINHTTP_FLAG_ESCAPE_DISABLE_QUERY
#define WINHTTP_FLAG_ESCAPE_DISABLE_QUERY 0x00000080
#endif

namespace msal_mi {
namespace {

constexpr DWORD kNotifications = WINHTTP_CALLBACK_FLAG_ALL_COMPLETIONS | WINHTTP_CALLBACK_FLAG_HANDLES |
                                 WINHTTP_CALLBACK_FLAG_SECURE_FAILURE | WINHTTP_CALLBACK_FLAG_CONNECT_TO_SERVER |
                                 WINHTTP_CALLBACK_FLAG_SEND_REQUEST | WINHTTP_CALLBACK_FLAG_RECEIVE_RESPONSE;

// For options that older systems do not know and that only tighten or tune what is safe without them.
void SetOptionalDword(const WinHttpApi& api, HINTERNET handle, DWORD option, DWORD value) {
  api.set_option(handle, option, &value, sizeof(value));
}

void SetRequired(const WinHttpApi& api, HINTERNET handle, DWORD option, void* value, DWORD size) {
  if (!api.set_option(handle, option, value, size)) throw Win32Error("WinHttpSetOption", api.last_error());
}

void SetRequiredDword(const WinHttpApi& api, HINTERNET handle, DWORD option, DWORD value) {
  SetRequired(api, handle, option, &value, sizeof(value));
}

void SetOptions(const WinHttpApi& api, HINTERNET request, const ClientCertificate* certificate,
                const RequestOptions& options) {
  SetRequiredDword(api, request, WINHTTP_OPTION_DISABLE_FEATURE,
                   WINHTTP_DISABLE_COOKIES | WINHTTP_DISABLE_REDIRECTS | WINHTTP_DISABLE_AUTHENTICATION);
  SetRequiredDword(api, request, WINHTTP_OPTION_REDIRECT_POLICY, WINHTTP_OPTION_REDIRECT_POLICY_NEVER);
  SetOptionalDword(api, request, WINHTTP_OPTION_AUTOLOGON_POLICY, WINHTTP_AUTOLOGON_SECURITY_LEVEL_HIGH);
  SetOptionalDword(api, request, WINHTTP_OPTION_ENABLE_HTTP_PROTOCOL, 0);  // HTTP/1.1
  // This option, unlike WinHttpSetTimeouts, knows no 0 that means "without end".
  constexpr DWORD kWithoutEnd = 0xFFFFFFFF;
  SetRequiredDword(api, request, WINHTTP_OPTION_RECEIVE_RESPONSE_TIMEOUT,
                   options.response_timeout_ms == 0 ? kWithoutEnd : options.response_timeout_ms);

  if (certificate != nullptr) {
    // WinHTTP duplicates the context; the pointer is not written through.
    SetRequired(api, request, WINHTTP_OPTION_CLIENT_CERT_CONTEXT, const_cast<void*>(certificate->context()),
                sizeof(CERT_CONTEXT));
  } else {
    SetRequired(api, request, WINHTTP_OPTION_CLIENT_CERT_CONTEXT, WINHTTP_NO_CLIENT_CERT_CONTEXT, 0);
  }
}

}  // namespace

void RequestHandles::Open(const OpenedSession& session, const RequestOptions& options, WINHTTP_STATUS_CALLBACK callback,
                          DWORD_PTR context) {
  const WinHttpApi& api = session.api();
  connection_ = InternetHandle(api, api.connect(session.handle(), ToWide(options.host).c_str(), options.port, 0));
  if (!connection_) throw Win32Error("WinHttpConnect", api.last_error());
  // Paths go out as they came: whoever made them has escaped what needs it.
  constexpr DWORD kFlags = WINHTTP_FLAG_SECURE | WINHTTP_FLAG_ESCAPE_DISABLE | WINHTTP_FLAG_ESCAPE_DISABLE_QUERY;
  request_ = InternetHandle(
      api, api.open_request(connection_.get(), ToWide(options.method).c_str(), ToWide(options.path).c_str(), nullptr,
                            WINHTTP_NO_REFERER, WINHTTP_DEFAULT_ACCEPT_TYPES, kFlags));
  if (!request_) throw Win32Error("WinHttpOpenRequest", api.last_error());

  SetOptions(api, request_.get(), session.certificate(), options);
  // Once, and not with each sending: a request that is sent again keeps them.
  const std::wstring headers = ToWide(options.headers) + BodyHeaders(options);
  if (!headers.empty() && !api.add_request_headers(request_.get(), headers.c_str(), static_cast<DWORD>(headers.size()),
                                                   WINHTTP_ADDREQ_FLAG_ADD)) {
    throw Win32Error("WinHttpAddRequestHeaders", api.last_error());
  }
  SetRequired(api, request_.get(), WINHTTP_OPTION_CONTEXT_VALUE, &context, sizeof(context));
  if (api.set_status_callback(request_.get(), callback, kNotifications, 0) == WINHTTP_INVALID_STATUS_CALLBACK) {
    throw Win32Error("WinHttpSetStatusCallback", api.last_error());
  }
  is_observed_ = true;
}

}  // namespace msal_mi
