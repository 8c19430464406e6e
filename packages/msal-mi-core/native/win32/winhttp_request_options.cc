#include "winhttp_request_options.h"

#include <win32_error.h>

// Absent from the mingw-w64 headers of 2022.
#ifndef WINHTTP_OPTION_IGNORE_CERT_REVOCATION_OFFLINE
#define WINHTTP_OPTION_IGNORE_CERT_REVOCATION_OFFLINE 155
#endif
#ifndef WINHTTP_OPTION_ENABLE_HTTP_PROTOCOL
#define WINHTTP_OPTION_ENABLE_HTTP_PROTOCOL 133
#endif

namespace msal_mi {
namespace {

// For options that older systems do not know and that only tighten or tune what is safe without them.
bool SetOptionalDword(const WinHttpApi& api, HINTERNET handle, DWORD option, DWORD value) {
  return api.set_option(handle, option, &value, sizeof(value)) != FALSE;
}

void SetRequiredDword(const WinHttpApi& api, HINTERNET handle, DWORD option, DWORD value) {
  SetRequiredOption(api, handle, option, &value, sizeof(value));
}

}  // namespace

void SetRequiredOption(const WinHttpApi& api, HINTERNET handle, DWORD option, void* value, DWORD size) {
  if (!api.set_option(handle, option, value, size)) throw Win32Error("WinHttpSetOption", api.last_error());
}

void SetRequestOptions(const WinHttpApi& api, HINTERNET request, const ClientCertificate* certificate,
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
    SetRequiredOption(api, request, WINHTTP_OPTION_CLIENT_CERT_CONTEXT, const_cast<void*>(certificate->context()),
                      sizeof(CERT_CONTEXT));
  } else {
    SetRequiredOption(api, request, WINHTTP_OPTION_CLIENT_CERT_CONTEXT, WINHTTP_NO_CLIENT_CERT_CONTEXT, 0);
  }
  // Revocation checks that fail because nobody answers would cut off hosts without a route to the responders. Where
  // that cannot be told apart from a revoked certificate (before Windows 10 2004) there is no check.
  if (SetOptionalDword(api, request, WINHTTP_OPTION_IGNORE_CERT_REVOCATION_OFFLINE, TRUE)) {
    SetRequiredDword(api, request, WINHTTP_OPTION_ENABLE_FEATURE, WINHTTP_ENABLE_SSL_REVOCATION);
  }
}

}  // namespace msal_mi
