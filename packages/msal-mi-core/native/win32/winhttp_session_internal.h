#pragma once

#include "winhttp_api.h"  // <windows.h> first

#include <utility>

#include "winhttp_session.h"

namespace msal_mi {

class OpenedSession final : public WinHttpSession {
 public:
  OpenedSession(const WinHttpApi& api, InternetHandle handle, std::shared_ptr<const ClientCertificate> certificate,
                const SessionOptions& options)
      : api_(api), certificate_(std::move(certificate)), options_(options), handle_(std::move(handle)) {}

  const WinHttpApi& api() const noexcept { return api_; }
  HINTERNET handle() const noexcept { return handle_.get(); }
  const ClientCertificate* certificate() const noexcept { return certificate_.get(); }
  const SessionOptions& options() const noexcept { return options_; }

 private:
  const WinHttpApi& api_;
  const std::shared_ptr<const ClientCertificate> certificate_;  // outlives the handle
  const SessionOptions options_;
  const InternetHandle handle_;
};

}  // namespace msal_mi
