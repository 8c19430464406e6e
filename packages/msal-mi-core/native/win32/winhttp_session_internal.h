#pragma once

#include "winhttp_api.h"  // <windows.h> first

#include <utility>

#include "server_check.h"
#include "winhttp_session.h"

namespace msal_mi {

class OpenedSession final : public WinHttpSession {
 public:
  OpenedSession(const WinHttpApi& api, InternetHandle handle, std::shared_ptr<const ClientCertificate> certificate)
      : api_(api), certificate_(std::move(certificate)), handle_(std::move(handle)) {}

  const WinHttpApi& api() const noexcept { return api_; }
  HINTERNET handle() const noexcept { return handle_.get(); }
  const ClientCertificate* certificate() const noexcept { return certificate_.get(); }
  ServerCheck& server_check() noexcept { return server_check_; }

 private:
  const WinHttpApi& api_;
  const std::shared_ptr<const ClientCertificate> certificate_;  // outlives the handle
  const InternetHandle handle_;
  ServerCheck server_check_;
};

}  // namespace msal_mi
