// SPDX-License-Identifier: MIT
#include "module/phone/address.hpp"

#include <gmock/gmock.h>

namespace phone {
namespace {

TEST(Address, FindsTheUriInAHeader) {
    EXPECT_EQ(uri_of("<sip:201@192.0.2.10:5060;ob>;expires=3"), "sip:201@192.0.2.10:5060;ob");
    EXPECT_EQ(uri_of("sip:201@192.0.2.10;tag=x"), "sip:201@192.0.2.10");
    EXPECT_EQ(uri_of(R"("a \" < b" <sip:a@b>;tag=x)"), "sip:a@b");
    EXPECT_EQ(uri_of("<sip:open"), "sip:open");
    EXPECT_EQ(uri_of(R"("open)"), R"("open)");
    EXPECT_EQ(uri_of(""), "");
}

TEST(Address, FindsUserAndHost) {
    EXPECT_EQ(user_of("sip:201:secret@192.0.2.10;x=y"), "201");
    EXPECT_EQ(user_of("sip:192.0.2.10"), "");
    EXPECT_EQ(user_of("tel:201"), "");
    const auto host = host_of("sip:a;b?c@pbx.example:5070;lr?Subject=x");
    ASSERT_TRUE(host) << host.error().what;
    EXPECT_EQ(host->host, "pbx.example");
    EXPECT_EQ(host->port, 5070);
    EXPECT_EQ(host_of("sip:192.0.2.10;lr")->port, 5060);
    EXPECT_FALSE(host_of("tel:201"));
    EXPECT_FALSE(host_of("sip:"));
    EXPECT_FALSE(host_of("sip:a@b:0"));
}

} // namespace
} // namespace phone
