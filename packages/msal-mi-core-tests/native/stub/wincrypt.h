// The names of <wincrypt.h> in use, with Windows' values.
#pragma once

#include "windows.h"

using HCERTSTORE = void*;
using HCERTCHAINENGINE = void*;
struct FILETIME;

struct CERT_CONTEXT {
  DWORD dwCertEncodingType;
  BYTE* pbCertEncoded;
  DWORD cbCertEncoded;
  HCERTSTORE hCertStore;
};
using PCCERT_CONTEXT = const CERT_CONTEXT*;

struct CERT_CHAIN_PARA {
  DWORD cbSize;
  DWORD dwUrlRetrievalTimeout;
};
struct CERT_TRUST_STATUS {
  DWORD dwErrorStatus;
};
struct CERT_CHAIN_CONTEXT {
  CERT_TRUST_STATUS TrustStatus;
};
using PCCERT_CHAIN_CONTEXT = const CERT_CHAIN_CONTEXT*;

#define CERT_CHAIN_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT 0x40000000
#define CERT_CHAIN_REVOCATION_ACCUMULATIVE_TIMEOUT 0x08000000
#define CERT_TRUST_IS_REVOKED 0x00000004
#define CERT_TRUST_REVOCATION_STATUS_UNKNOWN 0x00000040
#define CERT_TRUST_IS_OFFLINE_REVOCATION 0x01000000

BOOL CertFreeCertificateContext(PCCERT_CONTEXT);
BOOL CertGetCertificateChain(HCERTCHAINENGINE, PCCERT_CONTEXT, FILETIME*, HCERTSTORE, CERT_CHAIN_PARA*, DWORD, LPVOID,
                             PCCERT_CHAIN_CONTEXT*);
void CertFreeCertificateChain(PCCERT_CHAIN_CONTEXT);
