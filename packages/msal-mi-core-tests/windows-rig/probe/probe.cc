// TEST ONLY: what a test needs to do to Windows itself, beside the product. Synchronous on purpose.
#include <windows.h>

#include <bcrypt.h>
#include <ncrypt.h>
#include <wincrypt.h>

#include <napi.h>

#include <string>
#include <vector>

#include <unique_handle.h>

namespace {

struct StoreTraits {
  using Raw = HCERTSTORE;
  static void close(Raw store) noexcept { ::CertCloseStore(store, 0); }
};
using UniqueStore = msal_mi::UniqueHandle<StoreTraits>;

struct NCryptTraits {
  using Raw = NCRYPT_HANDLE;
  static void close(Raw handle) noexcept { ::NCryptFreeObject(handle); }
};
using UniqueNCrypt = msal_mi::UniqueHandle<NCryptTraits>;

std::wstring Wide(const Napi::Value& value) {
  const std::u16string text = value.As<Napi::String>().Utf16Value();
  return std::wstring(text.begin(), text.end());
}

Napi::Number Status(Napi::Env env, LONG status) { return Napi::Number::New(env, static_cast<DWORD>(status)); }

// trustRoot(der, machine): 0 or the Windows error. Wine asks nobody; Windows asks for CurrentUser, hence `machine`.
Napi::Value TrustRoot(const Napi::CallbackInfo& info) {
  const auto der = info[0].As<Napi::Uint8Array>();
  const DWORD location = info[1].As<Napi::Boolean>() ? CERT_SYSTEM_STORE_LOCAL_MACHINE : CERT_SYSTEM_STORE_CURRENT_USER;
  const UniqueStore store(::CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, location, L"Root"));
  if (!store || !::CertAddEncodedCertificateToStore(store.get(), X509_ASN_ENCODING, der.Data(),
                                                    static_cast<DWORD>(der.ByteLength()),
                                                    CERT_STORE_ADD_REPLACE_EXISTING, nullptr)) {
    return Status(info.Env(), static_cast<LONG>(::GetLastError()));
  }
  ::CertControlStore(store.get(), 0, CERT_STORE_CTRL_COMMIT, nullptr);
  return Status(info.Env(), 0);
}

SECURITY_STATUS Open(const std::wstring& name, UniqueNCrypt& provider, UniqueNCrypt& key) {
  const SECURITY_STATUS status = ::NCryptOpenStorageProvider(provider.out(), MS_KEY_STORAGE_PROVIDER, 0);
  return status != 0 ? status : ::NCryptOpenKey(provider.get(), key.out(), name.c_str(), 0, NCRYPT_SILENT_FLAG);
}

// exportPrivateKey(name): the status of asking for every blob that carries the private half; the last one.
Napi::Value ExportPrivateKey(const Napi::CallbackInfo& info) {
  UniqueNCrypt provider;
  UniqueNCrypt key;
  SECURITY_STATUS status = Open(Wide(info[0]), provider, key);
  for (const wchar_t* type : {BCRYPT_RSAPRIVATE_BLOB, BCRYPT_RSAFULLPRIVATE_BLOB, NCRYPT_PKCS8_PRIVATE_KEY_BLOB}) {
    if (!key) break;
    std::vector<BYTE> blob(8192);
    DWORD size = 0;
    status = ::NCryptExportKey(key.get(), 0, type, nullptr, blob.data(), static_cast<DWORD>(blob.size()), &size, 0);
    if (status == 0) break;
  }
  return Status(info.Env(), status);
}

// deleteKey(name): the status.
Napi::Value DeleteKey(const Napi::CallbackInfo& info) {
  UniqueNCrypt provider;
  UniqueNCrypt key;
  SECURITY_STATUS status = Open(Wide(info[0]), provider, key);
  if (status == 0) {
    status = ::NCryptDeleteKey(key.get(), 0);
    if (status == 0) (void)key.release();  // freed by a deletion that succeeded
  }
  return Status(info.Env(), status);
}

// createPlainKey(name): a key without isolation, as another program could leave behind under our name. The status.
Napi::Value CreatePlainKey(const Napi::CallbackInfo& info) {
  UniqueNCrypt provider;
  UniqueNCrypt key;
  SECURITY_STATUS status = ::NCryptOpenStorageProvider(provider.out(), MS_KEY_STORAGE_PROVIDER, 0);
  if (status == 0) {
    status = ::NCryptCreatePersistedKey(provider.get(), key.out(), BCRYPT_RSA_ALGORITHM, Wide(info[0]).c_str(), 0,
                                        NCRYPT_OVERWRITE_KEY_FLAG);
  }
  if (status == 0) status = ::NCryptFinalizeKey(key.get(), 0);
  return Status(info.Env(), status);
}

// isSimulated(): whether ncrypt.dll is the rig's.
Napi::Value IsSimulated(const Napi::CallbackInfo& info) {
  const HMODULE ncrypt = ::LoadLibraryExW(L"ncrypt.dll", nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32);
  return Napi::Boolean::New(info.Env(), ncrypt != nullptr && ::GetProcAddress(ncrypt, "KeyGuardSimMarker") != nullptr);
}

// handleCount(): open kernel handles of this process.
Napi::Value HandleCount(const Napi::CallbackInfo& info) {
  DWORD count = 0;
  ::GetProcessHandleCount(::GetCurrentProcess(), &count);
  return Napi::Number::New(info.Env(), count);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("trustRoot", Napi::Function::New<TrustRoot>(env));
  exports.Set("exportPrivateKey", Napi::Function::New<ExportPrivateKey>(env));
  exports.Set("deleteKey", Napi::Function::New<DeleteKey>(env));
  exports.Set("createPlainKey", Napi::Function::New<CreatePlainKey>(env));
  exports.Set("isSimulated", Napi::Function::New<IsSimulated>(env));
  exports.Set("handleCount", Napi::Function::New<HandleCount>(env));
  return exports;
}

NODE_API_MODULE(rig_probe, Init)

}  // namespace
