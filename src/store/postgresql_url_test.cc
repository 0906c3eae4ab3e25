// SPDX-License-Identifier: Apache-2.0
// What becomes of a postgresql:// URL.
#include "store/postgresql_url.h"

#include <gmock/gmock.h>

namespace sallyport::store {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PostgresqlUrl, AServerElsewhereMustProveItsNameUnlessTheUrlSaysOtherwise) {
  for (const char* far : {"postgresql://u@db.example/s", "postgresql://u@10.0.0.1,127.0.0.1/s",
                          "postgresql://u@localhost/s?hostaddr=10.0.0.1"}) {
    EXPECT_THAT(*connection_parameters(far), HasSubstr("sslmode='verify-full'")) << far;
  }
  for (const char* near : {"postgresql:///s", "postgresql://u@localhost/s", "postgresql://127.0.0.1:5433/s",
                           "postgresql://[::1]/s", "postgresql:///s?host=/run/postgresql"}) {
    EXPECT_THAT(*connection_parameters(near), Not(HasSubstr("sslmode"))) << near;
  }
  EXPECT_THAT(*connection_parameters("postgresql://u@db.example/s?sslmode=require"), HasSubstr("sslmode='require'"));
}

TEST(PostgresqlUrl, ValuesAreQuotedAndDefaultsGiveWay) {
  const std::string made = *connection_parameters("postgresql://a:p%27%5C%20w@localhost/s?connect_timeout=9");
  EXPECT_THAT(made, HasSubstr(R"(password='p\'\\ w')"));
  EXPECT_THAT(made, HasSubstr("connect_timeout='9'"));
  EXPECT_THAT(made, HasSubstr("application_name='sallyport'"));
}

TEST(PostgresqlUrl, AWrongOneIsNotQuoted) {
  for (const char* wrong :
       {"postgresql://u:SECRET@[::1", "postgresql://u:SECRET@h/d?what=no", "postgresql://u:SECRET%zz@h"}) {
    const auto made = connection_parameters(wrong);
    ASSERT_FALSE(made) << wrong;
    EXPECT_EQ(made.error().code, base::Errc::invalid);
    EXPECT_THAT(made.message(), Not(HasSubstr("SECRET")));
  }
}

}  // namespace
}  // namespace sallyport::store
