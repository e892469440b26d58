// SPDX-License-Identifier: MIT
// X.509 by OpenSSL. RSA, because phones of ten years ago verify nothing else: 3072 bits for the CA,
// which lives for twenty years, 2048 for the server, which lives for one and signs each handshake.
#include "provisioning/serve/certificates.hpp"

#include "provisioning/base/crypto.hpp"
#include "provisioning/base/error_mark.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/ranges.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace serve {
namespace {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

constexpr base::UnixMs day = 86'400'000;
constexpr int bits_of_authority = 3072;
constexpr int bits_of_server = 2048;
constexpr base::UnixMs life_of_authority = day * 20 * 365;
constexpr base::UnixMs life_of_server = 365 * day;
constexpr base::UnixMs before_now = day; // for phones whose clock is behind ours

template <auto free> struct Free {
    template <class Type> void operator()(Type* what) const noexcept { free(what); }
};

using BioPtr = std::unique_ptr<BIO, Free<BIO_free>>;
using CertificatePtr = std::unique_ptr<X509, Free<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using NamePtr = std::unique_ptr<X509_NAME, Free<X509_NAME_free>>;
using TimePtr = std::unique_ptr<ASN1_TIME, Free<ASN1_TIME_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Free<BN_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;

std::string words(int error) {
    return std::generic_category().message(error);
}

base::Error no_openssl(std::string_view what) {
    return {Errc::io, fmt::format("OpenSSL does not {}; look at its configuration", what)};
}

BioPtr reading(std::string_view text) {
    return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string_view written(BIO* bio) {
    char* text = nullptr;
    const auto length = BIO_get_mem_data(bio, &text);
    return {text, static_cast<std::size_t>(std::max(length, 0L))};
}

CertificatePtr parse_certificate(std::string_view pem) {
    return CertificatePtr(PEM_read_bio_X509(reading(pem).get(), nullptr, nullptr, nullptr));
}

KeyPtr parse_key(const base::Secret& pem) {
    const base::Revealed text = pem.reveal();
    // Without a callback OpenSSL would ask for a password on the terminal of the PBX.
    return KeyPtr(PEM_read_bio_PrivateKey(
        reading(text).get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr));
}

Result<std::string> to_pem(X509* certificate) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) {
        return tl::unexpected(no_openssl("write certificates"));
    }
    return std::string(written(bio.get()));
}

Result<base::Secret> to_pem(EVP_PKEY* key) {
    const BioPtr bio(BIO_new(BIO_s_secmem())); // wiped when it goes
    if (!bio ||
        PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return tl::unexpected(no_openssl("write keys"));
    }
    return base::Secret(written(bio.get()));
}

Result<KeyPtr> make_key(int bits) {
    KeyPtr key(EVP_RSA_gen(static_cast<unsigned>(bits)));
    if (!key) {
        return tl::unexpected(no_openssl("make RSA keys"));
    }
    return key;
}

/// 127 random bits: no two certificates of ours have the same (RFC 5280 4.1.2.2).
bool set_serial(X509* certificate) {
    std::array<std::uint8_t, 16> bytes{};
    if (!base::random_bytes(bytes)) {
        return false;
    }
    bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x7FU) | 0x40U);
    const NumberPtr number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
    return number &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_name(X509_NAME* name, const std::string& common) {
    const auto add = [&](const char* field, const std::string& value) {
        return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                          reinterpret_cast<const unsigned char*>(value.data()),
                                          static_cast<int>(value.size()), -1, 0) == 1;
    };
    return add("O", "PBX PnP") && add("CN", common.substr(0, 64)); // its limit in X.520
}

bool extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_times(X509* certificate, base::UnixMs from, base::UnixMs until) {
    return ASN1_TIME_set(X509_getm_notBefore(certificate), from / 1000) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), until / 1000) != nullptr;
}

base::UnixMs unix_ms(const ASN1_TIME* time) {
    const TimePtr epoch(ASN1_TIME_set(nullptr, 0));
    int days = 0;
    int seconds = 0;
    if (!epoch || ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) {
        return 0;
    }
    return days * day + static_cast<base::UnixMs>(seconds) * 1000;
}

std::string text_of(const X509_NAME* name) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    if (!bio ||
        X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
        return "?";
    }
    return base::printable(written(bio.get()), 200);
}

std::vector<std::string> names_of(const X509* certificate) {
    std::vector<std::string> out;
    const NamesPtr names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const auto* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_DNS) {
            const auto* text = name->d.dNSName;
            out.push_back(
                base::printable({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                 static_cast<std::size_t>(ASN1_STRING_length(text))},
                                255));
        } else if (name->type == GEN_IPADD && ASN1_STRING_length(name->d.iPAddress) == 4) {
            const auto* byte = ASN1_STRING_get0_data(name->d.iPAddress);
            out.push_back(fmt::format("{}.{}.{}.{}", byte[0], byte[1], byte[2], byte[3]));
        }
    }
    return out;
}

/// A file that was not there before, on the disk when this returns.
Status write_new(const std::string& path, std::string_view content, mode_t mode) {
    const std::string fresh = path + ".new"; // left by a start that was cut short
    ::unlink(fresh.c_str());
    const base::Fd file(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    const auto failed = [&](std::string_view what) -> Status {
        const int error = errno;
        ::unlink(fresh.c_str());
        return fail(Errc::io, "{} cannot be {}: {}", path, what, words(error));
    };
    if (!file) {
        return failed("made");
    }
    if (::fchmod(file.get(), mode) != 0) { // whatever the umask of the host is
        return failed("made");
    }
    for (auto left = content; !left.empty();) {
        const auto length = ::write(file.get(), left.data(), left.size());
        if (length < 0 && errno != EINTR) {
            return failed("written");
        }
        left.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    }
    // link, not rename: what somebody put there meanwhile stays.
    if (::fsync(file.get()) != 0 || ::link(fresh.c_str(), path.c_str()) != 0) {
        return failed("written");
    }
    ::unlink(fresh.c_str());
    const base::Fd folder(
        ::open(path.substr(0, path.rfind('/') + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) {
        return fail(Errc::io, "{} cannot be written for good: {}", path, words(errno));
    }
    return {};
}

/// Refused where other users of the machine may read it.
Result<base::Secret> read_key(const std::string& path) {
    struct stat about {};

    if (::stat(path.c_str(), &about) != 0) {
        return fail(errno == ENOENT ? Errc::not_found : Errc::io, "{} cannot be read: {}", path,
                    words(errno));
    }
    if ((about.st_mode & (S_IRWXG | S_IRWXO) & ~static_cast<mode_t>(S_IRGRP)) != 0) {
        return fail(Errc::refused,
                    "{} may be read by every user or written by others; chmod 600 it", path);
    }
    auto text = base::read_file(path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    base::Secret key(*text);
    ::explicit_bzero(text->data(), text->size());
    return key;
}

Status sign(X509* certificate, EVP_PKEY* key) {
    if (X509_sign(certificate, key, EVP_sha256()) == 0) {
        return tl::unexpected(no_openssl("sign certificates"));
    }
    return {};
}

Result<std::string> make_authority(EVP_PKEY* key, base::UnixMs now) {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    const CertificatePtr certificate(X509_new());
    auto* const made = certificate.get();
    // No limit of names: phones that do not know it would refuse the certificate.
    if (made == nullptr || X509_set_version(made, X509_VERSION_3) != 1 || !set_serial(made) ||
        !set_times(made, now - before_now, now + life_of_authority) ||
        !set_name(X509_get_subject_name(made), fmt::format("PBX PnP CA of {}", host.data())) ||
        X509_set_issuer_name(made, X509_get_subject_name(made)) != 1 ||
        X509_set_pubkey(made, key) != 1 ||
        !extend(made, made, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
        !extend(made, made, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !extend(made, made, NID_subject_key_identifier, "hash")) {
        return tl::unexpected(no_openssl("make certificates"));
    }
    if (auto done = sign(made, key); !done) {
        return tl::unexpected(done.error());
    }
    return to_pem(made);
}

/// Whether it may stand in a certificate as a host name; others are left out.
bool is_host_name(const std::string& name) {
    return !name.empty() && name.size() < 254 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.';
    });
}

} // namespace

Result<CertificateFacts> read_certificate(const std::string& pem) {
    const base::ErrorMark mark;
    const auto certificate = parse_certificate(pem);
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    if (!certificate || X509_digest(certificate.get(), EVP_sha256(), digest.data(), &length) != 1) {
        return fail(Errc::malformed, "there is no certificate in PEM form");
    }
    CertificateFacts facts;
    facts.subject = text_of(X509_get_subject_name(certificate.get()));
    facts.issuer = text_of(X509_get_issuer_name(certificate.get()));
    facts.fingerprint =
        fmt::format("{:02X}", fmt::join(digest.begin(), digest.begin() + length, ":"));
    facts.not_before = unix_ms(X509_get0_notBefore(certificate.get()));
    facts.not_after = unix_ms(X509_get0_notAfter(certificate.get()));
    facts.names = names_of(certificate.get());
    return facts;
}

Result<Identity>
read_identity(const std::string& certificate_file, const std::string& key_file, base::UnixMs now) {
    const base::ErrorMark mark;
    auto certificates = base::read_file(certificate_file);
    if (!certificates) {
        return tl::unexpected(certificates.error());
    }
    auto key = read_key(key_file);
    if (!key) {
        return tl::unexpected(key.error());
    }
    const auto certificate = parse_certificate(*certificates);
    if (!certificate) {
        return fail(Errc::malformed, "{} holds no certificate in PEM form", certificate_file);
    }
    const auto own_key = parse_key(*key);
    if (!own_key) {
        return fail(Errc::malformed, "{} holds no private key in PEM form without a password",
                    key_file);
    }
    if (X509_check_private_key(certificate.get(), own_key.get()) != 1) {
        return fail(Errc::conflict, "the key in {} does not belong to the certificate in {}",
                    key_file, certificate_file);
    }
    const auto facts = read_certificate(*certificates);
    if (facts && (now < facts->not_before || now > facts->not_after)) {
        return fail(Errc::refused, "the certificate in {} is {}; put a valid one there",
                    certificate_file, now > facts->not_after ? "expired" : "not valid yet");
    }
    return Identity{std::move(*certificates), std::move(*key)};
}

std::string Authority::certificate_file(const std::string& folder) {
    return folder + "/pnp-ca.crt";
}

Result<Authority> Authority::open(const std::string& folder, base::UnixMs now) {
    const base::ErrorMark mark;
    const auto certificate_path = certificate_file(folder);
    const auto key_path = folder + "/pnp-ca.key";
    Authority authority;
    auto stored = read_key(key_path);
    if (!stored && stored.error().code != Errc::not_found) {
        return tl::unexpected(stored.error());
    }
    if (!stored && ::access(certificate_path.c_str(), F_OK) == 0) {
        return fail(Errc::not_found,
                    "{} is there and {} is not: restore the key, or move the certificate away to "
                    "have a new CA made, which phones then have to be given",
                    certificate_path, key_path);
    }
    if (!stored) {
        const auto key = make_key(bits_of_authority);
        if (!key) {
            return tl::unexpected(key.error());
        }
        stored = to_pem(key->get());
        if (!stored) {
            return tl::unexpected(stored.error());
        }
        const base::Revealed text = stored->reveal();
        if (auto done = write_new(key_path, text, 0600); !done) {
            return tl::unexpected(done.error());
        }
    }
    authority.key_ = std::move(*stored);
    const auto key = parse_key(authority.key_);
    if (!key) {
        return fail(Errc::malformed, "{} holds no private key; restore it", key_path);
    }
    if (::access(certificate_path.c_str(), F_OK) != 0) {
        auto made = make_authority(key.get(), now);
        if (!made) {
            return tl::unexpected(made.error());
        }
        if (auto done = write_new(certificate_path, *made, 0644); !done) {
            return tl::unexpected(done.error());
        }
    }
    auto text = base::read_file(certificate_path);
    if (!text) {
        return tl::unexpected(text.error());
    }
    authority.certificate_ = std::move(*text);
    const auto certificate = parse_certificate(authority.certificate_);
    if (!certificate || X509_check_private_key(certificate.get(), key.get()) != 1) {
        return fail(Errc::conflict, "{} is not the certificate of {}; restore both from one backup",
                    certificate_path, key_path);
    }
    return authority;
}

Result<Identity> Authority::issue(const std::vector<base::Ipv4>& addresses,
                                  const std::string& host,
                                  base::UnixMs now) const {
    const base::ErrorMark mark;
    const auto own = parse_certificate(certificate_);
    const auto own_key = parse_key(key_);
    const auto key = make_key(bits_of_server);
    if (!key) {
        return tl::unexpected(key.error());
    }
    std::vector<std::string> names;
    names.reserve(addresses.size() + 1);
    for (const auto address : addresses) {
        names.push_back("IP:" + address.str());
    }
    if (is_host_name(host)) {
        names.push_back("DNS:" + host);
    }
    if (names.empty()) {
        return fail(Errc::not_found, "a certificate needs an address or a host name");
    }
    const CertificatePtr certificate(X509_new());
    auto* const made = certificate.get();
    const auto common = addresses.empty() ? host : addresses.front().str();
    if (made == nullptr || !own || !own_key || X509_set_version(made, X509_VERSION_3) != 1 ||
        !set_serial(made) || !set_times(made, now - before_now, now + life_of_server) ||
        !set_name(X509_get_subject_name(made), common) ||
        X509_set_issuer_name(made, X509_get_subject_name(own.get())) != 1 ||
        X509_set_pubkey(made, key->get()) != 1 ||
        !extend(made, own.get(), NID_basic_constraints, "critical,CA:FALSE") ||
        !extend(made, own.get(), NID_key_usage, "critical,digitalSignature,keyEncipherment") ||
        !extend(made, own.get(), NID_ext_key_usage, "serverAuth") ||
        !extend(made, own.get(), NID_authority_key_identifier, "keyid") ||
        !extend(made, own.get(), NID_subject_alt_name, fmt::format("{}", fmt::join(names, ",")))) {
        return tl::unexpected(no_openssl("make certificates"));
    }
    if (auto done = sign(made, own_key.get()); !done) {
        return tl::unexpected(done.error());
    }
    auto pem = to_pem(made);
    auto key_pem = to_pem(key->get());
    if (!pem || !key_pem) {
        return tl::unexpected(pem ? key_pem.error() : pem.error());
    }
    // The CA goes along: some phones show it, and none is harmed.
    return Identity{*pem + certificate_, std::move(*key_pem)};
}

} // namespace serve
