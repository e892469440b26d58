// SPDX-License-Identifier: MIT
#include "module/phone/openstage.hpp"

#include "module/phone/contact_port.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

using testing::SizeIs;

TEST(Option43, HasTheServiceOrAVlan) {
    const auto new_form = read_option43("01:07:53:69:65:6D:65:6E:73:03:17:73:64:6C:70:3A:2F:2F:31:"
                                        "30:2E:32:30:2E:33:30:2E:35:3A:31:38:34:34:33:FF");
    ASSERT_TRUE(new_form) << new_form.error().what;
    EXPECT_EQ(new_form->service.value().str(), "10.20.30.5:18443");
    const auto old_form =
        read_option43("01:0A:53:69:65:6D:65:6E:73:00:00:00:02:04:00:00:00:14:00:00:00:00:00:FF");
    ASSERT_TRUE(old_form) << old_form.error().what;
    EXPECT_EQ(old_form->vlan, 20U);
    EXPECT_FALSE(old_form->service);
}

TEST(Option43, IsRefusedWithoutItsFirstWordOrWithAPath) {
    EXPECT_FALSE(read_option43("0305736465702F")) << "cut off";
    EXPECT_FALSE(read_option43("0107536965656d656e73")) << "another word";
    EXPECT_FALSE(read_option43("ff")) << "no magic";
    const std::string magic = "01075369656d656e73";
    EXPECT_TRUE(read_option43(magic + "0309" + "73646c703a2f2f6869")) << "sdlp://hi";
    EXPECT_FALSE(read_option43(magic + "030a" + "73646c703a2f2f68692f")) << "sdlp://hi/";
    EXPECT_FALSE(read_option43(magic + "0304" + "68693a31")) << "hi:1";
    EXPECT_FALSE(read_option43(magic + "02020014")) << "a short VLAN";
    EXPECT_FALSE(read_option43(magic + "f"));
}

TEST(OpenStage, HasTheAccountsItsItemsDescribe) {
    const auto& vendor = openstage();
    EXPECT_TRUE(vendor.accounts({}).empty());
    const Values values{{"e164", "4210"},
                        {"sip-user-id", "desk-4210"},
                        {"sip-pwd", "x"},
                        {"reg-addr", "10.0.0.1"},
                        {"registrar-addr", "10.0.0.2"},
                        {"registrar-port", "5070"},
                        {"reg-ttl", "600"},
                        {"display-id", "Anna"},
                        {"line-sip-uri/1", "4210"},
                        {"line-primary/1", "true"},
                        {"line-sip-uri/2", "sip:4211@10.0.0.3"},
                        {"line-sip-user-id/2", "desk-4211"},
                        {"line-sip-pwd/2", "y"}};
    const auto accounts = vendor.accounts(values);
    ASSERT_THAT(accounts, SizeIs(2));
    EXPECT_EQ(accounts[0].user, "4210");
    EXPECT_EQ(accounts[0].login, "desk-4210");
    EXPECT_EQ(accounts[0].server, "10.0.0.2:5070");
    EXPECT_EQ(accounts[0].expires, 600U);
    EXPECT_EQ(accounts[0].display_name, "Anna");
    EXPECT_EQ(accounts[1].line, 2);
    EXPECT_EQ(accounts[1].user, "4211");
    EXPECT_EQ(accounts[1].login, "desk-4211");
    EXPECT_EQ(accounts[1].server, "10.0.0.3");
}

TEST(ContactMe, IsReadAsTheGuideAndTheFieldSendIt) {
    const auto post = [](const std::string& body, const std::string& path) {
        return fmt::format("POST {} HTTP/1.1\r\nHost: h\r\ncontent-length: {}\r\n\r\n{}", path,
                           body.size(), body);
    };
    const std::string path = "/contact_dls.html/ContactDLS";
    const auto text = post("ContactMe=true", path);
    EXPECT_FALSE(read_contact_me(text.substr(0, text.size() - 1))) << "not complete";
    auto asked = read_contact_me(text);
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->status, 204);
    EXPECT_TRUE(asked->is_wanted);
    EXPECT_FALSE(asked->service);
    asked = read_contact_me(post("ContactMe=true&dls_ip_addr=10.20.30.5&dls_ip_port=18444", path));
    EXPECT_EQ(asked.value().service.value().str(), "10.20.30.5:18444");
    EXPECT_FALSE(read_contact_me(post("ContactMe=true&dls_ip_addr=a/b", path)).value().is_wanted);
    EXPECT_FALSE(read_contact_me(post("ContactMe=false", path)).value().is_wanted);
    EXPECT_EQ(read_contact_me(post("ContactMe=true", "/")).value().status, 404);
    EXPECT_TRUE(read_contact_me("GET " + path + "?ContactMe=true HTTP/1.1\r\n\r\n")->is_wanted);
    EXPECT_EQ(read_contact_me("PUT " + path + " HTTP/1.1\r\n\r\n")->status, 405);
    EXPECT_EQ(read_contact_me("nonsense\r\n\r\n")->status, 400);
}

} // namespace
} // namespace phone
