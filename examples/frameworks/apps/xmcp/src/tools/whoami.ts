import { auth } from "../auth";

export const metadata = { name: "whoami", description: "Tells who is calling" };

export default function whoami() {
  return auth.getAccessToken()?.subject ?? "nobody";
}
