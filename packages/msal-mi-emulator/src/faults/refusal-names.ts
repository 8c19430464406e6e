/** Refusals of the token endpoint, each in Entra ID's wording with the ids of the request. */
export const ENTRA_REFUSALS = [
  'AADSTS392196',
  'AADSTS3921996',
  'AADSTS1000604',
  'AADSTS1000610',
  'AADSTS1000611',
  'AADSTS1000612',
  'AADSTS1000613',
  'AADSTS1000614',
  'AADSTS1000901',
  'AADSTS53003',
  'AADSTS500011',
  'AADSTS500117',
  'AADSTS500181',
  'AADSTS501051',
  'AADSTS70021',
  'AADSTS700016',
  'AADSTS700024',
  'AADSTS700211',
  'AADSTS700212',
  'AADSTS700213',
  'AADSTS7000112',
  'AADSTS7000229',
  'AADSTS7002137',
  'AADSTS90002',
  'AADSTS90033',
] as const;

/** Refusals of IMDS, each in its own wording. */
export const IMDS_REFUSALS = [
  'identity-not-found',
  'several-identities',
  'no-user-assigned-identity',
  'identity-not-assigned',
  'identity-not-yet-assigned',
  'too-many-requests',
  'forbidden-by-pod-identity',
] as const;

/** 401 of resources that concern the certificate of a bound token. */
export const RESOURCE_REFUSALS = [
  'MtlsMissingClientCertificate',
  'MtlsCnfClaimRequestDataValidationFailed',
  'bound-token-as-bearer',
] as const;
