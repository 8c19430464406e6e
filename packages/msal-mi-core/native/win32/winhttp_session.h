// One WinHTTP session: the connections of one client certificate, through one kind of proxy.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "client_certificate.h"

namespace msal_mi {

struct WinHttpApi;

enum class ProxyMode { kDirect, kSystem, kNamed };

struct SessionOptions {
  ProxyMode proxy_mode = ProxyMode::kDirect;
  std::u16string proxy;  // host:port, for kNamed
  bool allow_tls13 = false;
  std::int32_t resolve_timeout_ms = 0;  // 0: no limit of its own
  std::int32_t connect_timeout_ms = 0;
  std::int32_t send_timeout_ms = 0;
  std::int32_t receive_timeout_ms = 0;
};

// Shared by its requests: the handle is closed when the last of them is gone.
class WinHttpSession {
 public:
  virtual ~WinHttpSession() = default;
};

// `certificate` may be null: the session then presents none.
std::shared_ptr<WinHttpSession> OpenWinHttpSession(const SessionOptions& options,
                                                   std::shared_ptr<const ClientCertificate> certificate);
std::shared_ptr<WinHttpSession> OpenWinHttpSession(const WinHttpApi& api, const SessionOptions& options,
                                                   std::shared_ptr<const ClientCertificate> certificate);

}  // namespace msal_mi
