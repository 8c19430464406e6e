#include "crypt32_handles.h"  // <windows.h> first

#include "certificate_store.h"

#include <ncrypt.h>

#include <algorithm>

#include <wide_string.h>
#include <win32_error.h>

namespace msal_mi {
namespace {

UniqueCertificateStore OpenMyStore() {
  UniqueCertificateStore store(::CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_CURRENT_USER, L"MY"));
  if (!store) throw Win32Error("CertOpenStore", ::GetLastError());
  return store;
}

// Without it some stores write only when their last reference goes, and lose a deletion for good.
bool TryCommit(HCERTSTORE store) { return ::CertControlStore(store, 0, CERT_STORE_CTRL_COMMIT, nullptr) != FALSE; }

std::vector<std::uint8_t> Property(PCCERT_CONTEXT context, DWORD id) {
  DWORD size = 0;
  if (!::CertGetCertificateContextProperty(context, id, nullptr, &size)) return {};
  std::vector<std::uint8_t> value(size);
  if (!::CertGetCertificateContextProperty(context, id, value.data(), &size)) return {};
  value.resize(size);
  return value;
}

std::u16string FriendlyName(PCCERT_CONTEXT context) {
  const std::vector<std::uint8_t> value = Property(context, CERT_FRIENDLY_NAME_PROP_ID);
  const auto* text = reinterpret_cast<const wchar_t*>(value.data());
  const std::size_t length = value.size() / sizeof(wchar_t);
  return FromWide({text, static_cast<std::size_t>(std::find(text, text + length, L'\0') - text)});
}

std::u16string KeyName(PCCERT_CONTEXT context) {
  const std::vector<std::uint8_t> value = Property(context, CERT_KEY_PROV_INFO_PROP_ID);
  if (value.size() < sizeof(CRYPT_KEY_PROV_INFO)) return {};
  const auto* provider = reinterpret_cast<const CRYPT_KEY_PROV_INFO*>(value.data());  // points into `value`
  return provider->pwszContainerName == nullptr ? std::u16string() : FromWide(provider->pwszContainerName);
}

std::vector<std::uint8_t> Der(PCCERT_CONTEXT context) {
  return {context->pbCertEncoded, context->pbCertEncoded + context->cbCertEncoded};
}

bool StartsWith(const std::u16string& text, const std::u16string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

template <typename Visit>
void ForEachOf(HCERTSTORE store, const std::u16string& prefix, Visit visit) {
  UniqueCertificateContext context;
  // The enumeration consumes the context it is given.
  while (context.reset(::CertEnumCertificatesInStore(store, context.release())), context) {
    std::u16string name = FriendlyName(context.get());
    if (StartsWith(name, prefix)) visit(context.get(), std::move(name));
  }
}

}  // namespace

std::vector<StoreEntry> ListCertificates(const std::u16string& prefix) {
  const UniqueCertificateStore store = OpenMyStore();
  std::vector<StoreEntry> entries;
  ForEachOf(store.get(), prefix, [&](PCCERT_CONTEXT context, std::u16string name) {
    entries.push_back({Der(context), std::move(name), KeyName(context)});
  });
  return entries;
}

void AddCertificate(const std::vector<std::uint8_t>& certificate, const std::u16string& friendly_name,
                    const NamedKey& key) {
  const UniqueCertificateStore store = OpenMyStore();
  const UniqueCertificateContext context(
      ::CertCreateCertificateContext(X509_ASN_ENCODING, certificate.data(), static_cast<DWORD>(certificate.size())));
  if (!context) throw Win32Error("CertCreateCertificateContext", ::GetLastError());

  std::wstring name = ToWide(friendly_name);
  CRYPT_DATA_BLOB blob{static_cast<DWORD>((name.size() + 1) * sizeof(wchar_t)), reinterpret_cast<BYTE*>(name.data())};
  if (!::CertSetCertificateContextProperty(context.get(), CERT_FRIENDLY_NAME_PROP_ID, 0, &blob)) {
    throw Win32Error("CertSetCertificateContextProperty", ::GetLastError());
  }
  std::wstring provider_name = ToWide(key.provider_name);
  std::wstring key_name = ToWide(key.key_name);
  CRYPT_KEY_PROV_INFO provider{};
  provider.pwszContainerName = key_name.data();
  provider.pwszProvName = provider_name.data();
  provider.dwFlags = key.machine_scope ? NCRYPT_MACHINE_KEY_FLAG : 0;
  if (!::CertSetCertificateContextProperty(context.get(), CERT_KEY_PROV_INFO_PROP_ID, 0, &provider)) {
    throw Win32Error("CertSetCertificateContextProperty", ::GetLastError());
  }
  if (!::CertAddCertificateContextToStore(store.get(), context.get(), CERT_STORE_ADD_REPLACE_EXISTING, nullptr)) {
    throw Win32Error("CertAddCertificateContextToStore", ::GetLastError());
  }
  // It is in the store. A store that cannot commit writes when it is closed.
  TryCommit(store.get());
}

std::uint32_t DeleteCertificates(const std::u16string& prefix,
                                 const std::vector<std::vector<std::uint8_t>>& certificates) {
  const UniqueCertificateStore store = OpenMyStore();
  // Deleting while enumerating can go round for ever: collect, then delete.
  std::vector<UniqueCertificateContext> doomed;
  ForEachOf(store.get(), prefix, [&](PCCERT_CONTEXT context, const std::u16string&) {
    if (std::find(certificates.begin(), certificates.end(), Der(context)) != certificates.end()) {
      doomed.emplace_back(::CertDuplicateCertificateContext(context));
    }
  });
  std::uint32_t deleted = 0;
  for (UniqueCertificateContext& context : doomed) {
    // Consumes the context, also when it fails. A failure means that another process was faster.
    if (::CertDeleteCertificateFromStore(context.release())) ++deleted;
  }
  if (deleted > 0 && !TryCommit(store.get())) throw Win32Error("CertControlStore", ::GetLastError());
  return deleted;
}

}  // namespace msal_mi
