// SPDX-License-Identifier: MIT
// URLs of a NOTIFY: what is filled in, what is refused, what a log shows.
#include "provisioning/profile/offer_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using base::Secret;
using testing::HasSubstr;
using testing::Not;

std::string expanded(const std::string& url, const std::string& model = "UC926") {
    const auto result = profile::expand_offer_url(Secret(url), *base::Mac::parse("001fc11b4e1c"),
                                                  model, *base::Ipv4::parse("192.0.2.10"));
    if (!result) {
        return "refused: " + result.error().what;
    }
    const base::Revealed text = result->reveal();
    return std::string(text);
}

TEST(OfferUrl, FillsInWhatThePhoneSaidAndWhereWeAre) {
    EXPECT_EQ(expanded("http://{host}:88/{model}/{mac}/{MAC}.xml"),
              "http://192.0.2.10:88/UC926/001fc11b4e1c/001FC11B4E1C.xml");
    EXPECT_EQ(expanded("http://admin:123456@192.168.0.25:88"),
              "http://admin:123456@192.168.0.25:88");
}

TEST(OfferUrl, LeavesDoubledBracesToThePhone) {
    EXPECT_EQ(expanded("http://h/{{mac}}.xml?v={{fwver}}"), "http://h/{mac}.xml?v={fwver}");
    EXPECT_EQ(expanded("http://h/$mac.cfg"), "http://h/$mac.cfg");
}

TEST(OfferUrl, TakesAModelOnlyWhenItIsSafeInAUrl) {
    for (const std::string model :
         {"../../etc", "a b", "a\r\nX: y", "a%2F", "", "a?b", "\xC3\xA4"}) {
        EXPECT_THAT(expanded("http://h/{model}", model), HasSubstr("refused: offer_url: {model}"))
            << model;
        EXPECT_EQ(expanded("http://h/{mac}", model), "http://h/001fc11b4e1c") << model;
    }
    EXPECT_EQ(expanded("http://h/{model}", "KX-UT113_a.b"), "http://h/KX-UT113_a.b");
}

TEST(OfferUrl, SuggestsThePlaceholderAndRepeatsNoneOfTheText) {
    EXPECT_THAT(expanded("http://h/{mca}"), HasSubstr("did you mean {mac}?"));
    EXPECT_THAT(expanded("http://h/{fwver}"), HasSubstr("{{ and }}"));
    EXPECT_THAT(expanded("http://u:hunter2{secret}@h/"), Not(HasSubstr("secret")));
    EXPECT_THAT(expanded("http://u:hunter2{secret}@h/"), Not(HasSubstr("hunter2")));
    EXPECT_THAT(expanded("http://h/{mac"), HasSubstr("character 10 has no partner"));
    EXPECT_THAT(expanded("http://h/mac}"), HasSubstr("no partner"));
}

TEST(OfferUrl, IsOneLineOfAsciiOfAtMost384Bytes) {
    EXPECT_THAT(expanded("http://h/a b"), HasSubstr("character 11 is a blank"));
    EXPECT_THAT(expanded("http://h/\r\nX"), HasSubstr("refused"));
    EXPECT_THAT(expanded("http://h/\xC3\xA4"), HasSubstr("US-ASCII"));
    EXPECT_THAT(expanded(""), HasSubstr("empty"));
    EXPECT_EQ(expanded(std::string(384, 'x')), std::string(384, 'x'));
    EXPECT_THAT(expanded(std::string(385, 'x')), HasSubstr("at most 384"));
}

TEST(OfferUrl, IsCheckedBeforeAPhoneAsks) {
    EXPECT_TRUE(profile::check_offer_url(Secret("http://{host}/{model}/{mac}.cfg")));
    EXPECT_FALSE(profile::check_offer_url(Secret("http://{hots}/")));
}

TEST(FolderUrl, HoldsHostPortAndToken) {
    profile::Vendor vendor;
    EXPECT_EQ(profile::folder_url(vendor, *base::Ipv4::parse("192.0.2.10"), {5480, 0}, "AbC-_1"),
              "http://192.0.2.10:5480/p/AbC-_1/");
}

TEST(FolderUrl, IsHttpsWhereTheVendorOrTheRuleSaysSoAndItIsServed) {
    const auto host = *base::Ipv4::parse("192.0.2.10");
    profile::Vendor vendor;
    EXPECT_EQ(profile::folder_url(vendor, host, {5480, 5481}, "T"), "http://192.0.2.10:5480/p/T/");
    EXPECT_EQ(profile::folder_url(vendor, host, {5480, 5481}, "T", "https"),
              "https://192.0.2.10:5481/p/T/");
    vendor.folder_url = "https://{host}:{port}/p/{token}/";
    EXPECT_EQ(profile::folder_url(vendor, host, {5480, 5481}, "T"), "https://192.0.2.10:5481/p/T/");
    EXPECT_EQ(profile::folder_url(vendor, host, {5480, 5481}, "T", "http"),
              "http://192.0.2.10:5480/p/T/");
    EXPECT_EQ(profile::folder_url(vendor, host, {5480, 0}, "T"), "http://192.0.2.10:5480/p/T/");
}

TEST(Hide, ShowsNeitherPasswordNorToken) {
    using profile::hide;
    EXPECT_EQ(hide("http://admin:123456@192.168.0.25:88"), "http://***@192.168.0.25:88");
    EXPECT_EQ(hide("http://192.0.2.10:5480/p/AbCdEfGhIjKlMnOpQrStUv/cfg001fc11b4e1c.xml"),
              "http://192.0.2.10:5480/p/AbCd.../cfg001fc11b4e1c.xml");
    EXPECT_EQ(hide("http://a:p/a@ss@h/x"), "http://***@h/x");
    EXPECT_EQ(hide("a:b@h/x"), "***@h/x");
    EXPECT_EQ(hide("http://h/x?key=secret"), "http://h/x?***");
    EXPECT_EQ(hide("http://h/x\r\n"), "http://h/x\\x0d\\x0a");
    EXPECT_EQ(hide(Secret("http://u:p@h/")), "http://***@h/");
    EXPECT_EQ(hide(""), "");
}

TEST(DeviceUrl, HasTheTokenInThePathOrBeforeTheAt) {
    profile::Vendor vendor;
    vendor.name = "acme";
    const base::Mac mac({0x00, 0x1f, 0xc1, 0, 0, 1});
    const base::Ipv4 host{0xC0'00'02'0A};
    profile::Ports ports;
    EXPECT_EQ(profile::device_url(vendor, profile::Credential::path, mac, host, ports, "TOKEN"),
              "http://192.0.2.10:5480/p/TOKEN/");
    EXPECT_EQ(profile::device_url(vendor, profile::Credential::userinfo, mac, host, ports, "TOKEN"),
              "http://001fc1000001:TOKEN@192.0.2.10:5480/");
    EXPECT_EQ(profile::boot_url(vendor, host, ports), "http://192.0.2.10:5480/boot/acme/");
    vendor.folder_url = "https://{host}:{port}/p/{token}/";
    ports.https = 5481;
    EXPECT_EQ(profile::device_url(vendor, profile::Credential::userinfo, mac, host, ports, "TOKEN"),
              "https://001fc1000001:TOKEN@192.0.2.10:5481/");
    EXPECT_EQ(profile::boot_url(vendor, host, ports), "https://192.0.2.10:5481/boot/acme/");
}

} // namespace
