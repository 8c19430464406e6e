// TEST ONLY: what a test needs to do to Windows itself, beside the product. Synchronous on purpose.
#include <windows.h>

#include <bcrypt.h>
#include <ncrypt.h>
#include <wincrypt.h>
#include <winhttp.h>

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

struct InternetTraits {
  using Raw = HINTERNET;
  static void close(Raw handle) noexcept { ::WinHttpCloseHandle(handle); }
};
using UniqueInternet = msal_mi::UniqueHandle<InternetTraits>;

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

bool Answers(HINTERNET session, INTERNET_PORT port) {
  const UniqueInternet connection(::WinHttpConnect(session, L"localhost", port, 0));
  if (!connection) return false;
  const UniqueInternet request(::WinHttpOpenRequest(connection.get(), L"GET", L"/hello", nullptr, WINHTTP_NO_REFERER,
                                                    WINHTTP_DEFAULT_ACCEPT_TYPES, WINHTTP_FLAG_SECURE));
  if (!request ||
      !::WinHttpSetOption(request.get(), WINHTTP_OPTION_CLIENT_CERT_CONTEXT, WINHTTP_NO_CLIENT_CERT_CONTEXT, 0) ||
      !::WinHttpSendRequest(request.get(), WINHTTP_NO_ADDITIONAL_HEADERS, 0, WINHTTP_NO_REQUEST_DATA, 0, 0, 0) ||
      !::WinHttpReceiveResponse(request.get(), nullptr)) {
    return false;
  }
  char buffer[1024];
  DWORD size = 0;
  while (::WinHttpReadData(request.get(), buffer, sizeof(buffer), &size) && size > 0) continue;
  return true;
}

// getOverNewSession(port, isolated): one GET over a WinHTTP session that is opened for it and closed after it, with
// none of the product's code. { answered, isIsolated }: the latter whether this Windows can keep the pools of sessions
// apart.
Napi::Value GetOverNewSession(const Napi::CallbackInfo& info) {
  constexpr DWORD kDisableGlobalPooling = 195;
  const UniqueInternet session(
      ::WinHttpOpen(nullptr, WINHTTP_ACCESS_TYPE_NO_PROXY, WINHTTP_NO_PROXY_NAME, WINHTTP_NO_PROXY_BYPASS, 0));
  DWORD enabled = TRUE;
  const bool is_isolated = info[1].As<Napi::Boolean>() &&
                           ::WinHttpSetOption(session.get(), kDisableGlobalPooling, &enabled, sizeof(enabled)) != FALSE;
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("isIsolated", is_isolated);
  result.Set("answered", Answers(session.get(), static_cast<INTERNET_PORT>(info[0].ToNumber().Uint32Value())));
  return result;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("trustRoot", Napi::Function::New<TrustRoot>(env));
  exports.Set("exportPrivateKey", Napi::Function::New<ExportPrivateKey>(env));
  exports.Set("deleteKey", Napi::Function::New<DeleteKey>(env));
  exports.Set("createPlainKey", Napi::Function::New<CreatePlainKey>(env));
  exports.Set("isSimulated", Napi::Function::New<IsSimulated>(env));
  exports.Set("handleCount", Napi::Function::New<HandleCount>(env));
  exports.Set("getOverNewSession", Napi::Function::New<GetOverNewSession>(env));
  return exports;
}

NODE_API_MODULE(rig_probe, Init)

}  // namespace
