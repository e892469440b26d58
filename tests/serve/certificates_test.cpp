// SPDX-License-Identifier: MIT
// Our CA and its certificates, and what is refused of an administrator's.
#include "provisioning/serve/certificates.hpp"
#include "provisioning/serve/tls.hpp"

#include "provisioning/base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <sys/stat.h>

namespace {

using base::Errc;
using serve::Authority;
using serve::Identity;
using serve::TlsContext;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr base::UnixMs day = 86'400'000;
constexpr base::UnixMs now = 1'800'000'000'000;
const std::vector<base::Ipv4> addresses = {base::Ipv4{0x0A000001}, base::Ipv4{0xC0A80101}};

class Certificates : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "pnp-ca-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder = pattern;
    }

    void TearDown() override { std::filesystem::remove_all(folder); }

    std::string write(const std::string& name, std::string_view text, mode_t mode = 0600) {
        const auto path = folder + "/" + name;
        std::ofstream(path) << text;
        ::chmod(path.c_str(), mode);
        return path;
    }

    std::string write(const std::string& name, const base::Secret& secret, mode_t mode = 0600) {
        const base::Revealed text = secret.reveal();
        return write(name, std::string_view(text), mode);
    }

    static mode_t mode_of(const std::string& path) {
        struct stat about {};

        return ::stat(path.c_str(), &about) == 0 ? about.st_mode & 0777U : 0;
    }

    /// An authority that is made once: keys of its size take a while.
    static const Authority& authority() {
        static const Authority made = [] {
            std::string pattern = testing::TempDir() + "pnp-ca-XXXXXX";
            const std::string place = ::mkdtemp(pattern.data());
            auto opened = Authority::open(place, now);
            std::filesystem::remove_all(place);
            return *opened;
        }();
        return made;
    }

    static const Identity& issued() {
        static const Identity made = *authority().issue(addresses, "pbx.example", now);
        return made;
    }

    std::string
    refusal(const std::string& certificate, const std::string& key, base::UnixMs when = now) const {
        const auto identity = serve::read_identity(certificate, key, when);
        return identity ? "" : identity.error().what;
    }

    std::string folder;
};

TEST_F(Certificates, AnAuthorityIsMadeOnceAndStays) {
    const auto first = Authority::open(folder, now);
    ASSERT_TRUE(first) << first.error().what;
    EXPECT_EQ(mode_of(folder + "/pnp-ca.key"), 0600U);
    EXPECT_EQ(mode_of(folder + "/pnp-ca.crt"), 0644U);
    const auto again = Authority::open(folder, now + 100 * day);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->certificate(), first->certificate());
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2) << "no leftovers";

    const auto facts = serve::read_certificate(first->certificate());
    ASSERT_TRUE(facts);
    EXPECT_THAT(facts->subject, HasSubstr("PBX PnP CA of "));
    EXPECT_EQ(facts->subject, facts->issuer);
    EXPECT_EQ(facts->not_before, now - day);
    EXPECT_EQ(facts->not_after, now + 20 * 365 * day);
    EXPECT_EQ(facts->fingerprint.size(), 95U);
    EXPECT_EQ(facts->fingerprint[2], ':');

    // A start that was cut short between the two files.
    std::filesystem::remove(folder + "/pnp-ca.crt");
    write("pnp-ca.crt.new", "half a certi");
    const auto rest = Authority::open(folder, now);
    ASSERT_TRUE(rest) << rest.error().what;
    EXPECT_EQ(serve::read_certificate(rest->certificate())->subject, facts->subject);
}

TEST_F(Certificates, NoAuthorityIsMadeBesideOneThatPhonesKnow) {
    write("pnp-ca.crt", authority().certificate());
    const auto opened = Authority::open(folder, now);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().what, HasSubstr("restore the key"));
    EXPECT_EQ(mode_of(folder + "/pnp-ca.key"), 0U) << "there is still none";
    write("pnp-ca.key", issued().key);
    EXPECT_THAT(Authority::open(folder, now).error().what, HasSubstr("is not the certificate of"));
    write("pnp-ca.key", issued().key, 0644);
    EXPECT_THAT(Authority::open(folder, now).error().what, HasSubstr("chmod 600"));
}

TEST_F(Certificates, AServersCertificateIsValidForItsAddressesForAYear) {
    const auto facts = serve::read_certificate(issued().certificates);
    ASSERT_TRUE(facts);
    EXPECT_THAT(facts->names, ElementsAre("10.0.0.1", "192.168.1.1", "pbx.example"));
    EXPECT_EQ(facts->subject, "CN=10.0.0.1,O=PBX PnP");
    EXPECT_EQ(facts->issuer, serve::read_certificate(authority().certificate())->subject);
    EXPECT_EQ(facts->not_after, now + 365 * day);
    EXPECT_TRUE(TlsContext::make(issued()));
    EXPECT_THAT(issued().certificates, HasSubstr(authority().certificate()));
}

TEST_F(Certificates, AHostNameThatIsNoneIsLeftOut) {
    const auto made = authority().issue(addresses, "a,DNS:evil.example", now);
    ASSERT_TRUE(made);
    EXPECT_THAT(serve::read_certificate(made->certificates)->names,
                ElementsAre("10.0.0.1", "192.168.1.1"));
    EXPECT_FALSE(authority().issue({}, "", now));
}

TEST_F(Certificates, AnAdministratorsOwnAreTaken) {
    const auto certificate = write("server.crt", issued().certificates, 0644);
    const auto key = write("server.key", issued().key, 0640);
    const auto identity = serve::read_identity(certificate, key, now);
    ASSERT_TRUE(identity) << identity.error().what;
    EXPECT_TRUE(TlsContext::make(*identity));
}

TEST_F(Certificates, WhatIsWrongWithAnAdministratorsIsSaid) {
    const auto certificate = write("server.crt", issued().certificates, 0644);
    const auto key = write("server.key", issued().key);
    const auto other = write("other.key", authority().issue(addresses, "", now)->key);
    EXPECT_EQ(refusal(certificate, other),
              "the key in " + other + " does not belong to the certificate in " + certificate);
    EXPECT_THAT(refusal(certificate, key, now + 366 * day), HasSubstr("is expired; put a valid"));
    EXPECT_THAT(refusal(certificate, key, now - 2 * day), HasSubstr("not valid yet"));
    EXPECT_THAT(refusal(key, key), HasSubstr("holds no certificate in PEM form"));
    EXPECT_THAT(refusal(certificate, certificate), HasSubstr("may be read by every user"));
    EXPECT_THAT(refusal(certificate, write("none.key", "no key")),
                HasSubstr("holds no private key in PEM form"));
    EXPECT_THAT(refusal(certificate, folder + "/missing"), HasSubstr("cannot be read"));
    EXPECT_THAT(refusal(folder + "/missing", key), HasSubstr("/missing"));
    EXPECT_FALSE(TlsContext::make({issued().certificates, base::Secret("nothing")}));
    EXPECT_FALSE(TlsContext::make({"nothing", issued().key}));
}

} // namespace
