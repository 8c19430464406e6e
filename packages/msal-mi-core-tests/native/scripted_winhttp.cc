#include "scripted_winhttp.h"

#include <algorithm>

namespace msal_mi {
const WinHttpApi& SystemWinHttp() { return fake::Api(); }
}  // namespace msal_mi

BOOL ScriptedWinHttp::Call(const char* name, const std::function<BOOL()>& answer) {
  calls.push_back(name);
  deepest = std::max(deepest, ++depth);
  const BOOL accepted = answer();
  --depth;
  return accepted;
}

void ScriptedWinHttp::Error(DWORD_PTR api, DWORD failure) {
  WINHTTP_ASYNC_RESULT result{api, failure};
  Report(WINHTTP_CALLBACK_STATUS_REQUEST_ERROR, &result, sizeof(result));
}

void ScriptedWinHttp::SawRequestLine(const std::wstring& line_path, DWORD flags) {
  path = line_path;
  open_flags = flags;
}

BOOL ScriptedWinHttp::SetOption(DWORD option, const void* value, DWORD size) {
  const auto refused = refused_options.find(option);
  if (refused != refused_options.end()) {
    error = refused->second;
    return FALSE;
  }
  options[option] = value != nullptr && size == sizeof(DWORD) ? *static_cast<const DWORD*>(value) : 0;
  return TRUE;
}

BOOL ScriptedWinHttp::QueryCertificate(PCCERT_CONTEXT* out) {
  error = certificate_error;
  if (certificate_error != 0) return FALSE;
  ++certificates;
  context_.pbCertEncoded = reinterpret_cast<BYTE*>(certificate.data());
  context_.cbCertEncoded = static_cast<DWORD>(certificate.size());
  *out = &context_;
  return TRUE;
}

BOOL ScriptedWinHttp::GetChain(const CERT_CHAIN_PARA& parameters, DWORD flags, PCCERT_CHAIN_CONTEXT* out) {
  chain_parameters.push_back(parameters);
  chain_flags = flags;
  error = chain_failure;
  if (chain_failure != 0) return FALSE;
  ++chains;
  chain_.TrustStatus.dwErrorStatus = chain_errors;
  *out = &chain_;
  return TRUE;
}

BOOL ScriptedWinHttp::Send(fake::Handle&, DWORD total_length) {
  sent_total = total_length;
  return Call("send", on_send);
}

BOOL ScriptedWinHttp::Write(fake::Handle&, const std::string& piece) {
  return Call("write", [&] { return on_write(piece); });
}

BOOL ScriptedWinHttp::Read(fake::Handle&, BYTE* out, DWORD size) {
  return Call("read", [&] { return on_read(out, size); });
}

void ScriptedWinHttp::Close(fake::Handle& handle) {
  if (&handle != &request_) return;
  calls.push_back("close");
  if (on_close) {
    on_close();
  } else if (request_.callback != nullptr) {
    Closing();
  }
}

bool ScriptedWinHttp::Submit(void (*work)(void*) noexcept, void* context) {
  if (refuses_threads) return false;
  if (submit_inline) {
    work(context);
  } else {
    const std::lock_guard<std::mutex> lock(workers_mutex_);
    workers_.emplace_back(work, context);
  }
  return true;
}

void ScriptedWinHttp::JoinWork() {
  for (;;) {
    std::vector<std::thread> joining;
    {
      const std::lock_guard<std::mutex> lock(workers_mutex_);
      joining.swap(workers_);
    }
    if (joining.empty()) return;
    for (std::thread& worker : joining) worker.join();
  }
}
