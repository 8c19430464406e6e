#include "winhttp_session_internal.h"  // <windows.h> first

#include <wide_string.h>
#include <win32_error.h>

// Absent from the mingw-w64 headers of 2022.
#ifndef WINHTTP_ACCESS_TYPE_AUTOMATIC_PROXY
#define WINHTTP_ACCESS_TYPE_AUTOMATIC_PROXY 4
#endif
#ifndef WINHTTP_FLAG_SECURE_PROTOCOL_TLS1_3
#define WINHTTP_FLAG_SECURE_PROTOCOL_TLS1_3 0x00002000
#endif
#ifndef WINHTTP_OPTION_DISABLE_SECURE_PROTOCOL_FALLBACK
#define WINHTTP_OPTION_DISABLE_SECURE_PROTOCOL_FALLBACK 144
#endif
#ifndef WINHTTP_OPTION_DISABLE_GLOBAL_POOLING
#define WINHTTP_OPTION_DISABLE_GLOBAL_POOLING 195
#endif

namespace msal_mi {
namespace {

DWORD AccessType(ProxyMode mode) {
  switch (mode) {
    case ProxyMode::kSystem:
      return WINHTTP_ACCESS_TYPE_AUTOMATIC_PROXY;
    case ProxyMode::kNamed:
      return WINHTTP_ACCESS_TYPE_NAMED_PROXY;
    case ProxyMode::kDirect:
      break;
  }
  return WINHTTP_ACCESS_TYPE_NO_PROXY;
}

// Else a kept connection may serve another session of the process, and with it another certificate. What does not know
// the option is older than pools that sessions share. A refusal for any other reason is a failure.
void KeepConnectionsToSession(const WinHttpApi& api, HINTERNET session) {
  DWORD enabled = TRUE;
  if (api.set_option(session, WINHTTP_OPTION_DISABLE_GLOBAL_POOLING, &enabled, sizeof(enabled))) return;
  const DWORD error = api.last_error();
  if (error != ERROR_WINHTTP_INVALID_OPTION && error != ERROR_INVALID_PARAMETER) {
    throw Win32Error("WinHttpSetOption", error);
  }
}

}  // namespace

std::shared_ptr<WinHttpSession> OpenWinHttpSession(const SessionOptions& options,
                                                   std::shared_ptr<const ClientCertificate> certificate) {
  return OpenWinHttpSession(SystemWinHttp(), options, std::move(certificate));
}

std::shared_ptr<WinHttpSession> OpenWinHttpSession(const WinHttpApi& api, const SessionOptions& options,
                                                   std::shared_ptr<const ClientCertificate> certificate) {
  const std::wstring proxy = ToWide(options.proxy);
  InternetHandle session(api, api.open(nullptr, AccessType(options.proxy_mode),
                                       options.proxy_mode == ProxyMode::kNamed ? proxy.c_str() : WINHTTP_NO_PROXY_NAME,
                                       WINHTTP_NO_PROXY_BYPASS, WINHTTP_FLAG_ASYNC));
  if (!session) throw Win32Error("WinHttpOpen", api.last_error());

  DWORD protocols = WINHTTP_FLAG_SECURE_PROTOCOL_TLS1_2;
  if (options.allow_tls13) protocols |= WINHTTP_FLAG_SECURE_PROTOCOL_TLS1_3;
  if (!api.set_option(session.get(), WINHTTP_OPTION_SECURE_PROTOCOLS, &protocols, sizeof(protocols))) {
    throw Win32Error("WinHttpSetOption", api.last_error());
  }
  // Optional: systems without it have no fallback to disable.
  DWORD enabled = TRUE;
  api.set_option(session.get(), WINHTTP_OPTION_DISABLE_SECURE_PROTOCOL_FALLBACK, &enabled, sizeof(enabled));

  KeepConnectionsToSession(api, session.get());

  if (!api.set_timeouts(session.get(), options.resolve_timeout_ms, options.connect_timeout_ms, options.send_timeout_ms,
                        options.receive_timeout_ms)) {
    throw Win32Error("WinHttpSetTimeouts", api.last_error());
  }
  return std::make_shared<OpenedSession>(api, std::move(session), std::move(certificate));
}

}  // namespace msal_mi
