export const metadata = { name: "write_report", description: "Writes a report" };

export default function writeReport() {
  return "written";
}
