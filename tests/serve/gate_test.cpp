// SPDX-License-Identifier: MIT
// The order of the checks: what is said first is what comes first.
#include "provisioning/serve/gate.hpp"

#include "door.hpp"

#include <gmock/gmock.h>

namespace {

using namespace serve_test; // NOLINT(google-build-using-namespace): the fixture's words
using serve::Refusal;
using testing::HasSubstr;
using testing::SizeIs;

class GateTest : public Door {
  protected:
    std::variant<serve::Admitted, serve::Refused> judge(const Request& request) {
        snapshot = store->now();
        const std::function<std::optional<base::Mac>(base::Ipv4)> look =
            [this](base::Ipv4 address) {
                ++looks;
                const auto found = neighbours.find(address);
                return found == neighbours.end() ? std::nullopt : std::optional(found->second);
            };
        const serve::Gate gate(settings, around, look);
        return gate.judge(serve::read_request(request), request.peer.address, snapshot,
                          clock.unix_ms());
    }

    Refusal why(const Request& request) {
        const auto verdict = judge(request);
        const auto* refused = std::get_if<serve::Refused>(&verdict);
        EXPECT_NE(refused, nullptr);
        return refused == nullptr ? Refusal::no_token : refused->why;
    }

    serve::GateSettings settings;
    serve::Surroundings around{{{our_address, 24}}, {our_address}};
    inventory::Snapshot snapshot;
    int looks = 0;
};

TEST_F(GateTest, AdmitsAndTellsWhichGenerationWasShown) {
    apply({inventory::Rotate{phone}});
    const auto verdict = judge(request(steady_token(), own_file));
    const auto* admitted = std::get_if<serve::Admitted>(&verdict);
    ASSERT_NE(admitted, nullptr);
    EXPECT_EQ(admitted->device->mac, phone);
    EXPECT_TRUE(admitted->credential.steady);
    EXPECT_EQ(admitted->credential.generation, 2U);
    EXPECT_FALSE(admitted->remark);
}

TEST_F(GateTest, LooksAtTheSourceThenTheApprovalThenTheTokenThenTheNeighbour) {
    const auto first = first_token();
    auto asking = request(first, "cfg001fc1000002.xml"); // everything is wrong with it
    asking.peer.address = *base::Ipv4::parse("192.168.7.7");
    apply({inventory::Block{phone}});
    neighbours.clear();
    EXPECT_EQ(why(asking), Refusal::outside);
    asking.peer.address = phone_address;
    EXPECT_EQ(why(asking), Refusal::unapproved);
    apply({inventory::Approve{phone}});
    EXPECT_EQ(why(asking), Refusal::foreign);
    asking.path = "/p/" + first + "/" + own_file;
    EXPECT_EQ(why(asking), Refusal::old_token) << "blocking ended it";
    asking.path = "/p/" + steady_token() + "/" + own_file;
    EXPECT_EQ(looks, 0) << "no table is looked at for who has no token";
    EXPECT_EQ(why(asking), Refusal::neighbour);
    neighbours[phone_address] = phone;
    EXPECT_TRUE(std::holds_alternative<serve::Admitted>(judge(asking)));
}

TEST_F(GateTest, TellsWhoseOldTokenItWas) {
    const auto first = first_token();
    ASSERT_TRUE(store->steady_used(phone, 1));
    const auto verdict = judge(request(first, "factory0000.xml"));
    const auto& refused = std::get<serve::Refused>(verdict);
    EXPECT_EQ(refused.why, Refusal::old_token);
    ASSERT_THAT(refused.remarks, SizeIs(1));
    EXPECT_EQ(refused.remarks[0].mac, phone);
    EXPECT_EQ(refused.remarks[0].step, Step::token_refused);
    EXPECT_THAT(refused.remarks[0].text, HasSubstr("spent, expired or rotated away"));
}

TEST_F(GateTest, NamesNobodyWhereNobodyIsNamed) {
    auto asking = request(std::string(22, 'A'), "index.html");
    asking.user_agent = "curl/7.88.1";
    const auto verdict = judge(asking);
    EXPECT_THAT(std::get<serve::Refused>(verdict).remarks, SizeIs(0));
}

TEST_F(GateTest, TakesALoginForATokenInThePath) {
    auto asking = request("", own_file);
    asking.path = "/" + own_file;
    asking.authorization = login(phone, steady_token());
    EXPECT_TRUE(std::holds_alternative<serve::Admitted>(judge(asking)));
    asking.authorization = login(other, steady_token());
    EXPECT_EQ(why(asking), Refusal::foreign) << "the user has to be the phone";
    asking.authorization = login(phone, std::string(22, 'A'));
    EXPECT_EQ(why(asking), Refusal::no_token);
}

TEST_F(GateTest, AsksNoNeighbourAboutPlacesThatHaveNone) {
    settings.allow = {*base::Network::parse("192.168.7.0/24")};
    auto asking = request(steady_token(), own_file);
    for (const std::string address : {"192.168.7.7", "127.0.0.1", "10.0.0.1"}) {
        settings.source_check = serve::SourceCheck::any;
        asking.peer.address = *base::Ipv4::parse(address);
        EXPECT_TRUE(std::holds_alternative<serve::Admitted>(judge(asking))) << address;
    }
    EXPECT_EQ(looks, 0);
}

} // namespace
