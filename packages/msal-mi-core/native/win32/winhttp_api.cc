#include "winhttp_api.h"

#include <memory>
#include <new>

namespace msal_mi {
namespace {

struct PoolWork {
  void (*run)(void*) noexcept;
  void* context;
};

void CALLBACK RunPoolWork(PTP_CALLBACK_INSTANCE instance, void* context) noexcept {
  const std::unique_ptr<PoolWork> work(static_cast<PoolWork*>(context));
  ::CallbackMayRunLong(instance);
  work->run(work->context);
}

bool SubmitToPool(void (*run)(void*) noexcept, void* context) noexcept {
  std::unique_ptr<PoolWork> work(new (std::nothrow) PoolWork{run, context});
  if (!work || !::TrySubmitThreadpoolCallback(RunPoolWork, work.get(), nullptr)) return false;
  (void)work.release();  // owned by RunPoolWork from here
  return true;
}

}  // namespace

const WinHttpApi& SystemWinHttp() {
  static const WinHttpApi api{
      ::WinHttpOpen,
      ::WinHttpConnect,
      ::WinHttpOpenRequest,
      ::WinHttpAddRequestHeaders,
      ::WinHttpSetOption,
      ::WinHttpQueryOption,
      ::WinHttpSetTimeouts,
      ::WinHttpSetStatusCallback,
      ::WinHttpSendRequest,
      ::WinHttpWriteData,
      ::WinHttpReceiveResponse,
      ::WinHttpQueryHeaders,
      ::WinHttpQueryDataAvailable,
      ::WinHttpReadData,
      ::WinHttpCloseHandle,
      ::CertFreeCertificateContext,
      ::CertGetCertificateChain,
      ::CertFreeCertificateChain,
      ::GetLastError,
      SubmitToPool,
  };
  return api;
}

}  // namespace msal_mi
