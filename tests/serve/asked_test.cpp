// SPDX-License-Identifier: MIT
// Which door a path leads to, and what a login says.
#include "provisioning/serve/asked.hpp"

#include <gmock/gmock.h>

namespace {

using base::Mac;
using serve::Door;

const Mac phone = *Mac::parse("001fc1000001");
const std::string token(22, 'T');

serve::Asked read(const std::string& path, const std::string& authorization = {}) {
    serve::Request request;
    request.method = "GET";
    request.path = path;
    request.authorization = authorization;
    return serve::read_request(request);
}

TEST(Asked, KnowsThreeDoors) {
    const auto by_token = read("/p/" + token + "/cfg001fc1000001.xml");
    EXPECT_EQ(by_token.door, Door::token);
    EXPECT_EQ(by_token.token, token);
    EXPECT_EQ(by_token.name, "cfg001fc1000001.xml");
    EXPECT_EQ(by_token.named, phone);

    const auto by_vendor = read("/boot/htek/cfg0000.xml");
    EXPECT_EQ(by_vendor.door, Door::boot);
    EXPECT_EQ(by_vendor.vendor, "htek");
    EXPECT_EQ(by_vendor.name, "cfg0000.xml");
    EXPECT_FALSE(by_vendor.named);
    EXPECT_EQ(by_vendor.token, "");

    const auto by_login = read("/cfg001fc1000001.xml");
    EXPECT_EQ(by_login.door, Door::login);
    EXPECT_FALSE(by_login.has_login);
}

TEST(Asked, TakesNoOtherPath) {
    for (const auto& path : std::vector<std::string>{
             "", "/", "/p", "/p/", "/p/" + token, "/p/" + token + "/", "/p/" + token + "x/a",
             "/p/" + token.substr(1) + "/a", "/p/" + token + "/x/a", "/P/" + token + "/a",
             "/boot/htek", "/boot/htek/", "/boot//a", "/boot/HTEK/a", "/boot/../a",
             "/boot/htek/x/a", "/x/a", "/p/aaaaaaaaaaaaaaaaaaaa.!/a"}) {
        const auto asked = read(path);
        EXPECT_TRUE(asked.token.empty()) << path;
        EXPECT_NE(asked.door, Door::token) << path;
        EXPECT_NE(asked.door, Door::boot) << path;
    }
}

TEST(Asked, ReadsALogin) {
    // printf '001fc1000001:TTTTTTTTTTTTTTTTTTTTTT' | base64
    const auto asked =
        read("/cfg001fc1000001.xml", "Basic MDAxZmMxMDAwMDAxOlRUVFRUVFRUVFRUVFRUVFRUVFRUVFQ=");
    EXPECT_TRUE(asked.has_login);
    EXPECT_EQ(asked.user, phone);
    EXPECT_EQ(asked.token, token);
}

TEST(Asked, TakesNoOtherLogin) {
    for (const std::string header :
         {"Basic", "Basic ", "Basic !!!!", "Digest username=\"a\"", "Bearer TTTTTTTTTTTTTTTTTTTTTT",
          "Basic MDAxZmMxMDAwMDAxOg==",                                // no password
          "Basic YWRtaW46VFRUVFRUVFRUVFRUVFRUVFRUVFRUVA==",            // admin
          "Basic MDAxZmMxMDAwMDAxVFRUVFRUVFRUVFRUVFRUVFRUVFRUVA=="}) { // no colon
        const auto asked = read("/cfg001fc1000001.xml", header);
        EXPECT_TRUE(asked.has_login) << header;
        EXPECT_EQ(asked.token, "") << header;
        EXPECT_FALSE(asked.user) << header;
    }
    EXPECT_EQ(read("/p/" + token + "/a", "Basic MDAxZmMxMDAwMDAxOlRUVFQ=").user, std::nullopt);
}

} // namespace
