// With the time limit in CERT_CHAIN_PARA.
#define CERT_CHAIN_PARA_HAS_EXTRA_FIELDS
#include "server_check.h"

#include <algorithm>
#include <utility>

#include <win32_error.h>

namespace msal_mi {
namespace {

// For all look-ups of one certificate together. Windows remembers answers, and for a while that there was none.
constexpr DWORD kLookUpTimeoutMs = 5'000;
// A session talks to a few servers, each with one certificate at a time.
constexpr std::size_t kMostRemembered = 64;

class ServerCertificate {
 public:
  ServerCertificate(const WinHttpApi& api, HINTERNET request) : api_(api) {
    DWORD size = sizeof(PCCERT_CONTEXT);
    if (api_.query_option(request, WINHTTP_OPTION_SERVER_CERT_CONTEXT, static_cast<void*>(&context_), &size)) return;
    const DWORD error = api_.last_error();
    context_ = nullptr;
    if (error != ERROR_WINHTTP_INCORRECT_HANDLE_STATE) throw Win32Error("WinHttpQueryOption", error);
  }
  ServerCertificate(const ServerCertificate&) = delete;
  ServerCertificate& operator=(const ServerCertificate&) = delete;
  ~ServerCertificate() {
    if (context_ != nullptr) api_.free_certificate(context_);
  }

  // Null before TLS.
  PCCERT_CONTEXT get() const noexcept { return context_; }

 private:
  const WinHttpApi& api_;
  PCCERT_CONTEXT context_ = nullptr;
};

bool IsRevoked(const WinHttpApi& api, PCCERT_CONTEXT certificate) {
  CERT_CHAIN_PARA parameters{};
  parameters.cbSize = sizeof(parameters);
  parameters.dwUrlRetrievalTimeout = kLookUpTimeoutMs;
  constexpr DWORD kFlags = CERT_CHAIN_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT | CERT_CHAIN_REVOCATION_ACCUMULATIVE_TIMEOUT;
  PCCERT_CHAIN_CONTEXT chain = nullptr;
  // The store of the context holds what the server sent along.
  if (!api.get_chain(nullptr, certificate, nullptr, certificate->hCertStore, &parameters, kFlags, nullptr, &chain)) {
    throw Win32Error("CertGetCertificateChain", api.last_error());
  }
  const bool is_revoked = (chain->TrustStatus.dwErrorStatus & CERT_TRUST_IS_REVOKED) != 0;
  api.free_chain(chain);
  return is_revoked;
}

}  // namespace

bool ServerCheck::Run(const WinHttpApi& api, HINTERNET request) {
  const ServerCertificate certificate(api, request);
  if (certificate.get() == nullptr) return false;
  Der der(certificate.get()->pbCertEncoded, certificate.get()->pbCertEncoded + certificate.get()->cbCertEncoded);
  if (WasAsked(der)) return true;
  if (IsRevoked(api, certificate.get())) throw Win32Error("CertGetCertificateChain", ERROR_WINHTTP_SECURE_CERT_REVOKED);
  Remember(std::move(der));
  return true;
}

bool ServerCheck::WasAsked(const Der& certificate) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::find(asked_.begin(), asked_.end(), certificate) != asked_.end();
}

void ServerCheck::Remember(Der certificate) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (asked_.size() >= kMostRemembered) asked_.clear();
  asked_.push_back(std::move(certificate));
}

}  // namespace msal_mi
