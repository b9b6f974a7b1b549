#pragma once
// OpenSSL's objects in owning pointers: freed once, by the function that OpenSSL names for the type.

#include <openssl/bio.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>

namespace adit::nss {

template <auto free_function>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};

using BioPointer = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using StoreContextPointer = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;
using GeneralNamesPointer = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
using GeneralNamePointer = std::unique_ptr<GENERAL_NAME, Freed<GENERAL_NAME_free>>;
using NamePointer = std::unique_ptr<X509_NAME, Freed<X509_NAME_free>>;
using ExtendedKeyUsagePointer = std::unique_ptr<EXTENDED_KEY_USAGE, Freed<EXTENDED_KEY_USAGE_free>>;
using ObjectPointer = std::unique_ptr<ASN1_OBJECT, Freed<ASN1_OBJECT_free>>;

/// A stack that borrows its elements: freed alone.
struct BorrowedStackFreed {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
  void operator()(STACK_OF(X509_CRL) * stack) const { sk_X509_CRL_free(stack); }
};
using BorrowedCertificates = std::unique_ptr<STACK_OF(X509), BorrowedStackFreed>;
using BorrowedCrls = std::unique_ptr<STACK_OF(X509_CRL), BorrowedStackFreed>;

}  // namespace adit::nss
