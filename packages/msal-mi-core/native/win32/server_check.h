// What is looked at between the handshake and the request. WinHTTP has verified the server by then, revocation apart:
// its own look-up has no limit that an application can set, and before Windows 10 2004 it cannot tell "no answer" from
// "revoked".
#pragma once

#include "winhttp_api.h"  // <windows.h> first

#include <mutex>
#include <vector>

namespace msal_mi {

// Of one session: each certificate is asked about once.
class ServerCheck {
 public:
  // For the notice that the request is about to go out. False when the connection has no TLS, which is so for a tunnel
  // in the making. Throws Win32Error, ERROR_WINHTTP_SECURE_CERT_REVOKED for a certificate that is revoked or rests on
  // one that is. Where nobody answers in time, nothing is known of it, and it passes.
  bool Run(const WinHttpApi& api, HINTERNET request);

 private:
  using Der = std::vector<BYTE>;
  bool WasAsked(const Der& certificate);
  void Remember(Der certificate);

  std::mutex mutex_;  // never held while Windows asks
  std::vector<Der> asked_;
};

}  // namespace msal_mi
