#include "scripted_winhttp.h"

#include <algorithm>
#include <thread>

namespace scripted {
namespace {

WinHttp* current = nullptr;
std::mutex workers_mutex;
std::vector<std::thread> workers;

int request_handle;
int other_handle;

BOOL Call(const char* name, const std::function<BOOL()>& answer) {
  current->calls.push_back(name);
  current->deepest = std::max(current->deepest, ++current->depth);
  const BOOL accepted = answer();
  --current->depth;
  return accepted;
}

HINTERNET Open(LPCWSTR, DWORD, LPCWSTR, LPCWSTR, DWORD) { return &other_handle; }
HINTERNET Connect(HINTERNET, LPCWSTR host, INTERNET_PORT, DWORD) {
  current->host = host;
  return &other_handle;
}
HINTERNET OpenRequest(HINTERNET, LPCWSTR, LPCWSTR path, LPCWSTR, LPCWSTR, LPCWSTR*, DWORD flags) {
  current->path = path;
  current->open_flags = flags;
  return &request_handle;
}
BOOL AddRequestHeaders(HINTERNET, LPCWSTR headers, DWORD length, DWORD) {
  current->sent_headers.append(headers, length);
  return TRUE;
}

BOOL SetOption(HINTERNET, DWORD option, LPVOID value, DWORD size) {
  const auto refused = current->refused_options.find(option);
  if (refused != current->refused_options.end()) {
    current->last_error = refused->second;
    return FALSE;
  }
  if (option == WINHTTP_OPTION_CONTEXT_VALUE) {
    current->context = *static_cast<DWORD_PTR*>(value);
  } else {
    current->options[option] = value != nullptr && size == sizeof(DWORD) ? *static_cast<DWORD*>(value) : 0;
  }
  return TRUE;
}

BOOL QueryOption(HINTERNET, DWORD, LPVOID out, LPDWORD) {
  static const CERT_CONTEXT certificate{};
  current->last_error = current->certificate_error;
  if (current->certificate_error != 0) return FALSE;
  ++current->certificates;
  *static_cast<const CERT_CONTEXT**>(out) = &certificate;
  return TRUE;
}

BOOL FreeCertificate(PCCERT_CONTEXT) {
  --current->certificates;
  return TRUE;
}

BOOL SetTimeouts(HINTERNET, int, int, int, int) { return TRUE; }

WINHTTP_STATUS_CALLBACK SetStatusCallback(HINTERNET, WINHTTP_STATUS_CALLBACK callback, DWORD, DWORD_PTR) {
  current->callback = callback;
  return nullptr;
}

BOOL SendRequest(HINTERNET, LPCWSTR headers, DWORD length, LPVOID, DWORD, DWORD total, DWORD_PTR) {
  if (headers != nullptr) current->sent_headers.append(headers, length);
  current->sent_total = total;
  return Call("send", current->on_send);
}

BOOL WriteData(HINTERNET, LPCVOID bytes, DWORD size, LPDWORD) {
  return Call("write", [&] { return current->on_write(std::string(static_cast<const char*>(bytes), size)); });
}

BOOL ReceiveResponse(HINTERNET, LPVOID) { return Call("receive", current->on_receive); }

BOOL QueryHeaders(HINTERNET, DWORD what, LPCWSTR, LPVOID out, LPDWORD size, LPDWORD) {
  if (what == (WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER)) {
    *static_cast<DWORD*>(out) = current->status_code;
    return TRUE;
  }
  const std::wstring& raw = current->raw_headers;
  if (out == nullptr) {
    *size = static_cast<DWORD>((raw.size() + 1) * sizeof(wchar_t));
    return FALSE;
  }
  std::copy(raw.begin(), raw.end(), static_cast<wchar_t*>(out));
  *size = static_cast<DWORD>(raw.size() * sizeof(wchar_t));
  return TRUE;
}

BOOL QueryDataAvailable(HINTERNET, LPDWORD) { return Call("query", current->on_query); }

BOOL ReadData(HINTERNET, LPVOID out, DWORD size, LPDWORD) {
  return Call("read", [&] { return current->on_read(static_cast<std::uint8_t*>(out), size); });
}

BOOL CloseHandle(HINTERNET handle) {
  if (handle != &request_handle) return TRUE;
  current->calls.push_back("close");
  if (current->on_close) {
    current->on_close();
  } else if (current->callback != nullptr) {
    current->Closing();
  }
  return TRUE;
}

DWORD LastError() { return current->last_error; }

bool Submit(void (*work)(void*) noexcept, void* context) noexcept {
  if (current->refuses_threads) return false;
  if (current->submit_inline) {
    work(context);
  } else {
    const std::lock_guard<std::mutex> lock(workers_mutex);
    workers.emplace_back(work, context);
  }
  return true;
}

}  // namespace

void WinHttp::Report(DWORD status, void* value, DWORD length) {
  callback(&request_handle, context, status, value, length);
}

void WinHttp::Error(DWORD_PTR api, DWORD error) {
  WINHTTP_ASYNC_RESULT result{api, error};
  Report(WINHTTP_CALLBACK_STATUS_REQUEST_ERROR, &result, sizeof(result));
}

void Install(WinHttp* winhttp) { current = winhttp; }

const msal_mi::WinHttpApi& Api() {
  static const msal_mi::WinHttpApi api{Open,
                                       Connect,
                                       OpenRequest,
                                       AddRequestHeaders,
                                       SetOption,
                                       QueryOption,
                                       SetTimeouts,
                                       SetStatusCallback,
                                       SendRequest,
                                       WriteData,
                                       ReceiveResponse,
                                       QueryHeaders,
                                       QueryDataAvailable,
                                       ReadData,
                                       CloseHandle,
                                       FreeCertificate,
                                       LastError,
                                       Submit};
  return api;
}

void JoinWork() {
  for (;;) {
    std::vector<std::thread> joining;
    {
      const std::lock_guard<std::mutex> lock(workers_mutex);
      joining.swap(workers);
    }
    if (joining.empty()) return;
    for (std::thread& worker : joining) worker.join();
  }
}

}  // namespace scripted
