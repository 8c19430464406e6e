#include "opened_key.h"  // <windows.h> first

#include "client_certificate.h"
#include "crypt32_handles.h"

#include <utility>

#include <wide_string.h>
#include <win32_error.h>

namespace msal_mi {
namespace {

class BoundCertificate final : public ClientCertificate {
 public:
  BoundCertificate(OpenedKey key, UniqueCertificateContext context)
      : key_(std::move(key)), context_(std::move(context)) {}
  const void* context() const noexcept override { return context_.get(); }

 private:
  OpenedKey key_;
  UniqueCertificateContext context_;  // refers to the key: destroyed first
};

void SetKey(PCCERT_CONTEXT context, NCRYPT_KEY_HANDLE key) {
  // The handle stays ours: CERT_STORE_NO_CRYPT_RELEASE_FLAG.
  if (::CertSetCertificateContextProperty(context, CERT_NCRYPT_KEY_HANDLE_PROP_ID, CERT_STORE_NO_CRYPT_RELEASE_FLAG,
                                          &key)) {
    return;
  }
  CERT_KEY_CONTEXT key_context{};
  key_context.cbSize = sizeof(key_context);
  key_context.hNCryptKey = key;
  key_context.dwKeySpec = CERT_NCRYPT_KEY_SPEC;
  if (!::CertSetCertificateContextProperty(context, CERT_KEY_CONTEXT_PROP_ID, CERT_STORE_NO_CRYPT_RELEASE_FLAG,
                                           &key_context)) {
    throw Win32Error("CertSetCertificateContextProperty", ::GetLastError());
  }
}

}  // namespace

std::shared_ptr<const ClientCertificate> BindClientCertificate(const std::vector<std::uint8_t>& certificate,
                                                               const NamedKey& key) {
  OpenedKey opened = OpenNamedKey(key);
  // X509_ASN_ENCODING alone: Schannel of some systems refuses a context with more encodings than that.
  UniqueCertificateContext context(
      ::CertCreateCertificateContext(X509_ASN_ENCODING, certificate.data(), static_cast<DWORD>(certificate.size())));
  if (!context) throw Win32Error("CertCreateCertificateContext", ::GetLastError());

  // The name is what lets Schannel, in another process, open the key itself.
  std::wstring provider_name = ToWide(key.provider_name);
  std::wstring key_name = ToWide(key.key_name);
  CRYPT_KEY_PROV_INFO provider{};
  provider.pwszContainerName = key_name.data();
  provider.pwszProvName = provider_name.data();
  provider.dwFlags = key.machine_scope ? NCRYPT_MACHINE_KEY_FLAG : 0;
  if (!::CertSetCertificateContextProperty(context.get(), CERT_KEY_PROV_INFO_PROP_ID, 0, &provider)) {
    throw Win32Error("CertSetCertificateContextProperty", ::GetLastError());
  }
  SetKey(context.get(), opened.key.get());
  return std::make_shared<BoundCertificate>(std::move(opened), std::move(context));
}

}  // namespace msal_mi
